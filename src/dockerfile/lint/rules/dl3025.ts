/** DL3025: CMD, ENTRYPOINT or HEALTHCHECK in shell form. */
import type { CommandLine, Instruction } from '../../ast.ts';
import type { Stage } from '../../stages.ts';
import { jsonForm, meansTheSameAsJson } from '../edits.ts';
import { hadolintRule } from '../hadolint-rule.ts';
import type { Edit, Finding, LintSubject } from '../rule.ts';

export const dl3025 = hadolintRule({
  name: 'DL3025',
  severity: 'warning',
  description: 'Use JSON notation for the arguments of CMD and ENTRYPOINT',
  explanation:
    'In shell form the process with number 1 is a shell, which passes no signals on: `docker stop` waits ' +
    'ten seconds and kills. Write `CMD ["app", "--port", "80"]`; a command that needs a shell can say so, ' +
    '`CMD ["sh", "-c", "exec app $ARGS"]`.',
  check,
});

function* check(subject: LintSubject): Generator<Finding> {
  for (const stage of subject.stages.stages) {
    for (const instruction of stage.instructions) {
      const command = commandOf(instruction);
      if (command?.form !== 'shell' || command.text.text === '') continue;
      const fix = fixOf({ instruction, command, stage, subject });
      yield {
        message: `${instruction.kind.toUpperCase()} is in shell form`,
        range: command.text.range,
        hint: 'Write it as a JSON array of words in double quotes.',
        ...(fix && { fix }),
      };
    }
  }
}

function commandOf(instruction: Instruction): CommandLine | undefined {
  const { kind } = instruction;
  const hasCommand = kind === 'cmd' || kind === 'entrypoint' || kind === 'healthcheck';
  return hasCommand ? instruction.command : undefined;
}

function fixOf(parts: {
  readonly instruction: Instruction;
  readonly command: CommandLine;
  readonly stage: Stage;
  readonly subject: LintSubject;
}): readonly Edit[] | undefined {
  const { instruction, command, stage, subject } = parts;
  const { kind } = instruction;
  const isAlone =
    kind === 'cmd' || kind === 'entrypoint' ? meansTheSameAsJson(kind, stage, subject) : true;
  return isAlone ? jsonForm(command, subject) : undefined;
}
