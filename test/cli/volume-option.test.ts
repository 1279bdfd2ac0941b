/** `--volume` in buildah's words, and what of it a build has not. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { volumeIn } from '#cli/volume-option.ts';

test('a source, a target, and whether it is only read', () => {
  assert.deepEqual(volumeIn('/a:/b'), { source: '/a', target: '/b', readOnly: false });
  assert.deepEqual(volumeIn('./a:/b/../c/:ro,Z'), {
    source: resolve('a'),
    target: '/c',
    readOnly: true,
  });
  assert.equal(volumeIn('/a:/b:rw,rprivate').readOnly, false);
});

for (const [word, message] of [
  ['/a', /^invalid volume "\/a"$/],
  [':/b', /^invalid volume/],
  ['/a:/b:ro:more', /^invalid volume/],
  ['name:/b', /^"name" is the name of a volume, and a build has none$/],
  ['/a:b', /^cannot mount at b$/],
  ['/a:/', /^cannot mount at \/$/],
  ['/a:/x/..', /^cannot mount at /],
  ['/a:/b:O', /^unknown option "O" of volume \/a:\/b:O$/],
  ['/a:/b:U', /^unknown option "U"/],
  ['/a:/b:shared', /^unknown option "shared"/],
] as const) {
  test(`refuses ${word}`, () => {
    assert.throws(() => volumeIn(word), { code: 'USAGE', message });
  });
}
