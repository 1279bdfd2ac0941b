/** `inspect` in docker's shape. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageJson } from '#cli/image-json.ts';
import { imageSummary } from '#test/helpers/image-summary.ts';

test('the whole document', () => {
  const image = imageSummary('app', { tags: ['app:1'], created: '2026-11-21T11:57:00Z' });
  assert.deepEqual(imageJson(image), {
    Id: image.imageId,
    RepoTags: ['app:1'],
    RepoDigests: [],
    Comment: 'buildkit.dockerfile.v0',
    Created: '2026-11-21T11:57:00Z',
    Author: '',
    Architecture: 'amd64',
    Os: 'linux',
    Size: 4_567_890,
    Descriptor: {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: image.manifest.digest,
      size: 512,
    },
    RootFS: { Type: 'layers', Layers: image.config.rootfs.diff_ids },
    Config: { Env: ['PATH=/bin'], Cmd: ['/bin/sh'], WorkingDir: '/' },
  });
});

test('a variant is shown, a missing time is docker’s zero', () => {
  const image = imageSummary('app');
  const arm = { ...image, config: { ...image.config, architecture: 'arm', variant: 'v7' } };
  const { Architecture, Variant, Created } = imageJson(arm);
  assert.deepEqual([Architecture, Variant, Created], ['arm', 'v7', '0001-01-01T00:00:00Z']);
});
