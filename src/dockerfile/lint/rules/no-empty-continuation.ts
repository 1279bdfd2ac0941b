/** NoEmptyContinuation: a blank line inside an instruction. */
import type { Range } from '#core/source.ts';
import { LineReader } from '../../lines.ts';
import type { LintSubject, Rule } from '../rule.ts';

const CODE = 'NoEmptyContinuation';

export const noEmptyContinuation: Rule = {
  name: CODE,
  profile: 'buildkit',
  severity: 'warning',
  description: 'Empty continuation lines will become errors in a future release',
  explanation:
    'A blank line behind a continuation is skipped today, so the instruction goes on below it, ' +
    'although it looks finished. Docker means to end the instruction there one day. Remove the ' +
    'line, or make it a comment.',
  url: 'https://docs.docker.com/go/dockerfile/rule/no-empty-continuation/',
  *check(subject) {
    // The parser has met them all: only the exact lines are wanting.
    for (const { code, range } of subject.dockerfile.diagnostics) {
      if (code !== CODE) continue;
      const { blanks, end } = readBlanks(subject, range.start);
      const first = blanks[0];
      if (first === undefined) continue;
      yield {
        message: 'Empty continuation line',
        range: first,
        // Docker names the line on which the instruction ends.
        statement: { start: end, end },
        hint: 'Remove the blank line, or make it a comment.',
        fix: blanks.map((blank) => ({ range: wholeLine(subject, blank), text: '' })),
      };
    }
  },
};

function readBlanks(
  { dockerfile }: LintSubject,
  start: number,
): { readonly blanks: readonly Range[]; readonly end: number } {
  const text = dockerfile.file.text.slice(start);
  const line = new LineReader(text, dockerfile.directives.escape).readLine();
  const blanks = (line?.blanks ?? []).map((blank) => ({
    start: start + blank.start,
    end: start + blank.end,
  }));
  const last = line === undefined ? 0 : line.range(line.text.length - 1, line.text.length).start;
  return { blanks, end: Math.max(start + last, blanks.at(-1)?.start ?? 0) };
}

function wholeLine({ dockerfile }: LintSubject, { start, end }: Range): Range {
  const newline = dockerfile.file.text.indexOf('\n', end);
  return { start, end: newline < 0 ? end : newline + 1 };
}
