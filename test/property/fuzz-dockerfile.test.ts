/** A short run of the fuzzer with a fixed seed; the long ones are `npm run fuzz`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz, fuzzTexts, problemWith, shrink } from './fuzz-dockerfile.ts';

test('whatever the text, there are only diagnostics', (t) => {
  const { count, failure } = fuzz({ seed: 20, count: 300 });
  t.diagnostic(`${count} texts`);
  assert.equal(failure, undefined);
});

test('a seed gives the same texts again, another one others', () => {
  const first = (seed: number): string[] => fuzzTexts(seed).take(20).toArray();
  assert.deepEqual(first(7), first(7));
  assert.notDeepEqual(first(7), first(8));
});

test('a failing text is made as small as it still fails', () => {
  const isFailing = (text: string): boolean => text.includes('<<') && text.includes('X');
  assert.equal(shrink('FROM a\nRUN <<EOF\nX\nEOF\n', isFailing), '<<X');
});

for (const [what, text] of [
  ['NUL bytes', 'FROM a\0b\nRUN \0\n'],
  ['a lone surrogate', 'FROM a\nRUN echo \ud800\n'],
  ['deep braces', `FROM ${`\${a:-`.repeat(5000)}\n`],
  ['open quotes', `FROM a\nENV ${`A="`.repeat(2000)}\n`],
  ['many heredocs without an end', `FROM a\n${'RUN <<A <<B\n'.repeat(500)}`],
  ['many continuations', `FROM a\nRUN ${'a \\\n'.repeat(4000)}`],
  ['brackets', `FROM a\nCMD ${'['.repeat(8000)}\n`],
] as const) {
  test(`${what}: diagnostics only`, () => assert.equal(problemWith(text), undefined));
}
