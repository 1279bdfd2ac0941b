/** Substitutions nested beyond the limit: refused where they stand, in milliseconds. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { MAX_NESTING } from '#dockerfile/words.ts';

const nested = (depth: number): string => `${'${a:-'.repeat(depth)}x${'}'.repeat(depth)}`;

const TOO_DEEP = nested(MAX_NESTING + 1);

function problems(text: string) {
  const { diagnostics } = parseDockerfile({ name: 'Dockerfile', text });
  return diagnostics.map(({ code, range }) => [code, text.slice(range.start, range.end)]);
}

for (const [line, place] of [
  [`ENV A=1 B=${TOO_DEEP}`, TOO_DEEP],
  [`ARG A=${TOO_DEEP}`, TOO_DEEP],
  [`FROM ${TOO_DEEP}`, TOO_DEEP],
  [`COPY --chown=${TOO_DEEP} a b`, TOO_DEEP],
  [`COPY <<E /f\n${TOO_DEEP}\nE`, `${TOO_DEEP}\nE`],
] as const) {
  test(`too deep in ${line.slice(0, 14)}…`, () => {
    assert.deepEqual(problems(`FROM scratch\n${line}\n`), [['NestedTooDeep', place]]);
  });
}

test('as deep as may be, many beside each other, and what a shell expands are no matter', () => {
  for (const line of [
    `ENV A=${nested(MAX_NESTING - 1)}`,
    `ENV A=${'${a:-b}'.repeat(1000)}`,
    `RUN echo ${TOO_DEEP}`,
    `CMD echo ${TOO_DEEP}`,
  ]) {
    assert.deepEqual(problems(`FROM scratch\n${line}\n`), []);
  }
});
