/** `--metadata-file`: buildx's keys. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildMetadata } from '#cli/build-metadata.ts';
import { digestOf } from '#core/digest.ts';
import { parseTag } from '#core/reference.ts';

test('digests, the descriptor and all names', () => {
  const manifest = { mediaType: 'm', digest: digestOf('manifest'), size: 7 };
  const result = {
    ref: 'abc',
    imageId: digestOf('config'),
    manifest,
    steps: { run: 1, cached: 0 },
  };
  const names = ['app:1', 'localhost:5000/app'].map(parseTag);
  const base = {
    'buildx.build.ref': 'slipway/slipway/abc',
    'containerimage.config.digest': result.imageId,
    'containerimage.descriptor': manifest,
    'containerimage.digest': manifest.digest,
  };
  assert.deepEqual(JSON.parse(buildMetadata({ ...result, names })), {
    ...base,
    'image.name': 'docker.io/library/app:1,localhost:5000/app:latest',
  });
  assert.deepEqual(JSON.parse(buildMetadata({ ...result, names: [] })), base);
});
