/** DL3025: CMD, ENTRYPOINT or HEALTHCHECK in shell form. */
import { jsonForm, meansTheSameAsJson } from '../edits.ts';
import { hadolintRule } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';

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
      const { kind } = instruction;
      if (kind !== 'cmd' && kind !== 'entrypoint' && kind !== 'healthcheck') continue;
      const { command } = instruction;
      if (command?.form !== 'shell' || command.text.text === '') continue;
      const isSafe = meansTheSameAsJson(kind, stage, subject);
      const fix = isSafe ? jsonForm(command, subject) : undefined;
      yield {
        message: `${kind.toUpperCase()} is in shell form`,
        range: command.text.range,
        hint: 'Write it as a JSON array of words in double quotes.',
        ...(fix && { fix }),
      };
    }
  }
}
