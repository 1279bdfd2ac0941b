/** `--annotation` of a build. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotationsOf } from '#cli/annotation-option.ts';
import { isSlipwayError } from '#core/errors.ts';

test('key=value, with or without what it belongs to; the last of a key wins', () => {
  assert.deepEqual(
    annotationsOf(['a=1', 'manifest:b=x=y', 'manifest[linux/amd64]:org.c=:', 'a=2', 'd=']),
    { a: '2', b: 'x=y', 'org.c': ':', d: '' },
  );
});

for (const [word, message] of [
  ['a', /^invalid annotation "a", expected key=value$/],
  ['=1', /^invalid annotation "=1"/],
  ['index:a=1', /^index annotations not supported for single platform export$/],
  ['manifest-descriptor:a=1', /^manifest-descriptor annotations not supported/],
  ['image:a=1', /^unknown annotation type "image"$/],
] as const) {
  test(`refuses ${word}`, () => {
    assert.throws(
      () => annotationsOf([word]),
      (error) => isSlipwayError(error, 'USAGE') && message.test(error.message),
    );
  });
}
