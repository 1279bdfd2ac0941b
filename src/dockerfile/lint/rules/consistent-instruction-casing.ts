/** ConsistentInstructionCasing: `run` among upper-case instructions, or `Run` anywhere. */
import type { Instruction } from '../../ast.ts';
import type { Rule } from '../rule.ts';

export const consistentInstructionCasing: Rule = {
  name: 'ConsistentInstructionCasing',
  profile: 'buildkit',
  severity: 'warning',
  description:
    'All commands within the Dockerfile should use the same casing (either upper or lower)',
  explanation:
    'Docker takes keywords in any case, readers do not: a file reads best when all of them are ' +
    'written in one way, upper case by custom. What most instructions of the file use decides.',
  url: 'https://docs.docker.com/go/dockerfile/rule/consistent-instruction-casing/',
  *check({ stages: { stages } }) {
    const all: Instruction[] = stages.flatMap(({ from, instructions }) => [from, ...instructions]);
    const lower = all.filter(({ keyword: { text } }) => text === text.toLowerCase()).length;
    const upper = all.filter(({ keyword: { text } }) => text === text.toUpperCase()).length;
    const isLower = lower > upper;
    for (const { keyword, range } of all) {
      const wanted = isLower ? keyword.text.toLowerCase() : keyword.text.toUpperCase();
      if (keyword.text === wanted) continue;
      const casing = isLower ? 'lowercase' : 'uppercase';
      yield {
        message: `Command '${keyword.text}' should match the case of the command majority (${casing})`,
        range: keyword.range,
        statement: range,
        hint: `Write ${wanted}.`,
        fix: [{ range: keyword.range, text: wanted }],
      };
    }
  },
};
