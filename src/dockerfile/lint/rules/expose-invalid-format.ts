/** ExposeInvalidFormat: `EXPOSE 127.0.0.1:80:80`, the notation of docker run --publish. */
import { foundAt, statementsOf } from '../findings.ts';
import type { Rule } from '../rule.ts';

export const exposeInvalidFormat: Rule = {
  name: 'ExposeInvalidFormat',
  profile: 'buildkit',
  severity: 'warning',
  description:
    'IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release',
  explanation:
    'An image says which ports its program listens on. Where they are published is said when a ' +
    'container is made (--publish), so address and host port are dropped. Write the container ' +
    'port alone.',
  url: 'https://docs.docker.com/go/dockerfile/rule/expose-invalid-format/',
  *check(subject) {
    for (const statement of statementsOf(subject)) {
      if (statement.instruction.kind !== 'expose') continue;
      for (const { operand, words } of statement.words) {
        for (const port of words) {
          const parts = port.split(':');
          const container = parts.pop() ?? '';
          if (parts.every((part) => part === '')) continue;
          yield foundAt(statement, {
            message: `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`,
            range: operand.range,
            hint: `Write ${container}.`,
            ...(port === operand.text && { fix: [{ range: operand.range, text: container }] }),
          });
        }
      }
    }
  },
};
