/** JSONArgsRecommended: CMD or ENTRYPOINT in shell form. */
import { jsonForm, meansTheSameAsJson } from '../edits.ts';
import { foundAt, statementsOf } from '../findings.ts';
import type { Rule } from '../rule.ts';

export const jsonArgsRecommended: Rule = {
  name: 'JSONArgsRecommended',
  profile: 'buildkit',
  severity: 'warning',
  description:
    'JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals',
  explanation:
    'The shell form runs the command below /bin/sh -c. The shell is then process 1 and gets the ' +
    'signals, which most shells do not pass on: docker stop waits for its grace period and kills. ' +
    'Write the command as a JSON array. Where a shell is wanted, say so with SHELL, or with exec ' +
    'in a script.',
  url: 'https://docs.docker.com/go/dockerfile/rule/json-args-recommended/',
  *check(subject) {
    for (const statement of statementsOf(subject)) {
      const { instruction, hasShell, stage } = statement;
      if (instruction.kind !== 'cmd' && instruction.kind !== 'entrypoint') continue;
      if (instruction.command.form !== 'shell' || hasShell) continue;
      const { kind, keyword, command } = instruction;
      const isSafe = meansTheSameAsJson(kind, stage.stage, subject);
      const fix = isSafe ? jsonForm(command, subject) : undefined;
      yield foundAt(statement, {
        message: `JSON arguments recommended for ${keyword.text} to prevent unintended behavior related to OS signals`,
        range: instruction.command.text.range,
        hint: `Write ${keyword.text} ["command", "argument"].`,
        ...(fix && { fix }),
      });
    }
  },
};
