/** The document of a build's record: read as it was written, refused when it is another one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { type BuildDocument, parseBuildDocument } from '#store/build-document.ts';

const MINIMUM: BuildDocument = {
  name: 'app',
  context: '.',
  platforms: ['linux/amd64'],
  buildArgs: [],
  outputs: [],
};

test('with as little, and as much, as there can be', () => {
  const whole: BuildDocument = {
    ...MINIMUM,
    buildArgs: ['A'],
    outputs: ['type=image'],
    target: 'test',
    error: 'no',
    failedImage: digestOf('i'),
    dockerfile: { path: '/x', digest: digestOf('d') },
    steps: { total: 3, completed: 2, cached: 1 },
    result: { imageId: digestOf('c'), manifest: digestOf('m'), names: ['a'] },
  };
  for (const document of [MINIMUM, whole]) {
    assert.deepEqual(parseBuildDocument(JSON.stringify(document)), document);
  }
});

test('another document is refused', () => {
  for (const text of ['{}', '[]', JSON.stringify({ ...MINIMUM, steps: { total: 1 } })]) {
    assert.throws(() => parseBuildDocument(text), { code: 'JSON_INVALID' });
  }
});
