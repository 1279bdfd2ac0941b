/** ExposeProtoCasing: `EXPOSE 80/TCP`. */
import { foundAt, statementsOf } from '../findings.ts';
import type { Rule } from '../rule.ts';

export const exposeProtoCasing: Rule = {
  name: 'ExposeProtoCasing',
  profile: 'buildkit',
  severity: 'warning',
  description: 'Protocol in EXPOSE instruction should be lowercase',
  explanation: 'The image config has protocols in lower case: write tcp, udp or sctp.',
  url: 'https://docs.docker.com/go/dockerfile/rule/expose-proto-casing/',
  *check(subject) {
    for (const statement of statementsOf(subject)) {
      if (statement.instruction.kind !== 'expose') continue;
      for (const { operand, words } of statement.words) {
        for (const port of words) {
          const protocol = port.slice(port.lastIndexOf(':') + 1).split('/')[1] ?? '';
          if (protocol === protocol.toLowerCase()) continue;
          const lower = port.toLowerCase();
          yield foundAt(statement, {
            message: `Defined protocol '${port}' in EXPOSE instruction should be lowercase`,
            range: operand.range,
            hint: `Write ${lower}.`,
            ...(port === operand.text && { fix: [{ range: operand.range, text: lower }] }),
          });
        }
      }
    }
  },
};
