/** FromAsCasing: `FROM … as x` or `from … AS x`. */
import type { Range } from '#core/source.ts';
import type { FromInstruction } from '../../ast.ts';
import { sourceAt } from '../edits.ts';
import { foundIn } from '../findings.ts';
import type { LintSubject, Rule } from '../rule.ts';

export const fromAsCasing: Rule = {
  name: 'FromAsCasing',
  profile: 'buildkit',
  severity: 'warning',
  description: "The 'as' keyword should match the case of the 'from' keyword",
  explanation:
    'FROM and AS are two keywords of one instruction, and it reads best when both are written in ' +
    'the same way. A FROM of mixed case is left to ConsistentInstructionCasing.',
  url: 'https://docs.docker.com/go/dockerfile/rule/from-as-casing/',
  *check(subject) {
    for (const { from } of subject.stages.stages) {
      const keyword = from.keyword.text;
      const range = asKeyword(from, subject);
      if (range === undefined) continue;
      const word = sourceAt(subject, range);
      const isLower = keyword === keyword.toLowerCase();
      if (!isLower && keyword !== keyword.toUpperCase()) continue;
      const wanted = isLower ? 'as' : 'AS';
      if (word === wanted) continue;
      yield foundIn(from, {
        message: `'${word}' and '${keyword}' keywords' casing do not match`,
        range,
        hint: `Write ${wanted}.`,
        fix: [{ range, text: wanted }],
      });
    }
  },
};

/** Between image and name; lines of comments may stand there too. */
function asKeyword({ image, name }: FromInstruction, subject: LintSubject): Range | undefined {
  if (name === undefined) return undefined;
  const start = image.range.end;
  const between = sourceAt(subject, { start, end: name.range.start });
  const blanked = between.replace(/^[ \t]*#.*$/gm, (comment) => ' '.repeat(comment.length));
  const index = blanked.search(/as/i);
  return index < 0 ? undefined : { start: start + index, end: start + index + 2 };
}
