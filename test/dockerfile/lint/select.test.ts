/** The grammar of check options, with BuildKit's complaints. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeOptions, NO_OPTIONS, parseCheckOptions } from '#dockerfile/lint/select.ts';

for (const [text, expected] of [
  ['', {}],
  ['  ', {}],
  ['skip=A', { skip: ['A'] }],
  ['skip=A, B ,C', { skip: ['A', 'B', 'C'] }],
  ['skip=all', { skip: 'all' }],
  ['error=true', { error: true }],
  ['error=T', { error: true }],
  ['error=0', { error: false }],
  ['experimental=all;skip=A; error = 1', { experimental: 'all', skip: ['A'], error: true }],
  ['experimental=A,B', { experimental: ['A', 'B'] }],
  ['skip=A;skip=B', { skip: ['B'] }],
] as const) {
  test(`reads ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseCheckOptions(text), { ...NO_OPTIONS, ...expected });
  });
}

for (const [text, message] of [
  ['skip', 'invalid check option "skip"'],
  ['foo=bar', 'invalid check option "foo"'],
  ['skip=A;', 'invalid check option ""'],
  [
    'error=maybe',
    'failed to parse check option "error=maybe": strconv.ParseBool: parsing "maybe": invalid syntax',
  ],
  // A fourth option belongs to the third.
  [
    'skip=A;skip=B;error=1;skip=C',
    'failed to parse check option "error=1;skip=C": strconv.ParseBool: parsing "1;skip=C": invalid syntax',
  ],
] as const) {
  test(`refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseCheckOptions(text), {
      code: 'DOCKERFILE_INVALID',
      message: `failed to parse check options: ${message}`,
    });
  });
}

test('two sets of options add up', () => {
  const left = { skip: ['A'], experimental: 'all', error: false } as const;
  assert.deepEqual(mergeOptions(left, { skip: ['B'], error: true }), {
    skip: ['A', 'B'],
    experimental: 'all',
    error: true,
  });
  assert.deepEqual(mergeOptions(left, { skip: 'all' }).skip, 'all');
});
