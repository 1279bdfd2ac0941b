/** JSON that would take much more memory than it has bytes is refused before it is parsed. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isSlipwayError } from '#core/errors.ts';
import { parseJson } from '#core/json.ts';
import { jsonExcess } from '#core/json-bounds.ts';

const MEBIBYTE = 1024 * 1024;

for (const [fact, text, why] of [
  ['arrays within arrays', '['.repeat(MEBIBYTE), /nested more than 1000 levels/],
  ['objects within objects', '{"a":'.repeat(MEBIBYTE), /nested more than 1000 levels/],
  ['more objects than anybody needs', `[${'{},'.repeat(4_000_000)}{}]`, /more than 4000000/],
] as const) {
  it(`refuses ${fact}`, () => {
    assert.match(jsonExcess(text) ?? '', why);
    assert.throws(
      () => parseJson(text, 'doc'),
      (error) =>
        isSlipwayError(error, 'JSON_INVALID') &&
        error.message === 'doc is not valid JSON' &&
        error.cause instanceof Error &&
        why.test(error.cause.message),
    );
  });
}

it('takes large documents whose strings are full of brackets, quotes and backslashes', () => {
  const value = { text: '[{"\\'.repeat(MEBIBYTE / 4), after: [[], {}] };
  assert.deepEqual(parseJson(JSON.stringify(value), 'doc'), value);
});

it('takes many siblings, which are not deep', () => {
  const value = Array.from({ length: 200_000 }, (_, i) => ({ i }));
  assert.deepEqual(parseJson(JSON.stringify(value), 'doc'), value);
});
