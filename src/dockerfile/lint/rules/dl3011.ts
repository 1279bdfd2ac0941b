/** DL3011: a port beyond the range of ports. */
import { hadolintRule } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3011 = hadolintRule({
  name: 'DL3011',
  severity: 'error',
  description: 'Valid UNIX ports range from 0 to 65535',
  explanation:
    'A port is a number of 16 bits; nothing can listen on a greater one. It is usually a slip of the ' +
    'fingers.',
  check,
});

function* check({ stages }: LintSubject): Generator<Finding> {
  for (const { instructions } of stages.stages) {
    for (const instruction of instructions) {
      if (instruction.kind !== 'expose') continue;
      for (const { text, range } of instruction.ports) {
        const [, first = '', last = first] = /^(\d+)(?:-(\d+))?(?:\/|$)/.exec(text) ?? [];
        const wrong = [first, last].find((port) => Number(port) > PORT_MAX);
        if (wrong === undefined) continue;
        yield { message: `there is no port ${wrong}`, range, hint: `Ports end at ${PORT_MAX}.` };
      }
    }
  }
}

const PORT_MAX = 65_535;
