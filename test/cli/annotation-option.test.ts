/** `--annotation` of a build. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotationAttribute, annotationsOf } from '#cli/annotation-option.ts';
import { isSlipwayError } from '#core/errors.ts';

const host = { os: 'linux', architecture: 'amd64' };

test('key=value, with or without what it belongs to', () => {
  assert.deepEqual(
    annotationsOf(['a=1', 'manifest:b=x=y', 'manifest[linux/arm64/v8]:org.c=:', 'd='], host),
    [
      { on: 'manifest', key: 'a', value: '1' },
      { on: 'manifest', key: 'b', value: 'x=y' },
      {
        on: 'manifest',
        key: 'org.c',
        value: ':',
        platform: { os: 'linux', architecture: 'arm64' },
      },
      { on: 'manifest', key: 'd', value: '' },
    ],
  );
});

test('several places get it at once', () => {
  const word = { key: 'a', value: 'b:c=d' };
  assert.deepEqual(annotationsOf(['index,manifest-descriptor:a=b:c=d'], host), [
    { on: 'index', ...word },
    { on: 'manifest-descriptor', ...word },
  ]);
});

test('attributes of outputs say the same', () => {
  const platform = { os: 'linux', architecture: 'arm64' };
  const cases = [
    ['annotation.a.b', { on: 'manifest', key: 'a.b', value: 'v' }],
    ['annotation[linux/arm64].a', { on: 'manifest', key: 'a', value: 'v', platform }],
    ['annotation-index.a', { on: 'index', key: 'a', value: 'v' }],
    ['annotation-index-descriptor.a', { on: 'index-descriptor', key: 'a', value: 'v' }],
    ['annotation-manifest-descriptor.a', { on: 'manifest-descriptor', key: 'a', value: 'v' }],
  ] as const;
  for (const [name, wanted] of cases) {
    assert.deepEqual(annotationAttribute(name, 'v', host), [wanted]);
  }
  assert.equal(annotationAttribute('annotations', 'v', host), undefined);
});

for (const [word, message] of [
  ['a', /^invalid annotation "a", expected key=value$/],
  ['=1', /^invalid annotation "=1"/],
  ['image:a=1', /^unknown annotation type "image"$/],
] as const) {
  test(`refuses ${word}`, () => {
    assert.throws(
      () => annotationsOf([word], host),
      (error) => isSlipwayError(error, 'USAGE') && message.test(error.message),
    );
  });
}
