/** Tags and digests of images with variables; quotes and absolute paths. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayBeAbsolute, readImage, withoutQuotes } from '#dockerfile/lint/image-words.ts';

const images: readonly (readonly [text: string, image: ReturnType<typeof readImage>])[] = [
  ['debian', { name: 'debian' }],
  ['debian:13', { name: 'debian', tag: '13' }],
  ['host:5000/a/b', { name: 'host:5000/a/b' }],
  ['host:5000/a/b:c', { name: 'host:5000/a/b', tag: 'c' }],
  ['a@sha256:00', { name: 'a', digest: 'sha256:00' }],
  ['a:b@sha256:00', { name: 'a', tag: 'b', digest: 'sha256:00' }],
  ['${A:-b}', { name: '${A:-b}' }],
  ['${A:-b}/c:${D:-e}', { name: '${A:-b}/c', tag: '${D:-e}' }],
  ['a${B}', { name: 'a${B}' }],
];

for (const [text, image] of images) {
  test(text, () => assert.deepEqual(readImage(text), image));
}

test('quotes at the ends are taken off', () => {
  assert.equal(withoutQuotes('"a b"'), 'a b');
  assert.equal(withoutQuotes("'a'"), 'a');
  assert.equal(withoutQuotes('a"b'), 'a"b');
});

test('absolute is what begins at a root, or what a variable begins', () => {
  for (const path of ['/a', '"/a b"', '$A/b', '${A}', 'C:\\a', 'c:/a', '\\a']) {
    assert.ok(mayBeAbsolute(path), path);
  }
  for (const path of ['a', './a', '"a"', 'ab:c', '']) assert.ok(!mayBeAbsolute(path), path);
});
