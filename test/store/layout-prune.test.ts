/** An OCI layout folder keeps what its index reaches, and nothing else. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { encodedOf } from '#core/digest.ts';
import { pruneLayout } from '#store/layout-prune.ts';
import { OciLayout } from '#store/oci-layout.ts';
import { putImage, sampleImage } from '#test/helpers/images.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

test('a tag that moved on leaves nothing; what it shares with others stays', async () => {
  using folder = tempFolder();
  const layout = await OciLayout.open(folder.path, { create: true });
  const [gone, kept, nameless] = [await sampleImage(), await sampleImage(), await sampleImage()];
  await putImage(layout, gone, 'main');
  await putImage(layout, kept, 'main');
  await layout.putManifest(kept.manifest, { tag: 'also' });
  await putImage(layout, nameless);
  writeFileSync(folder.at('blobs/sha256/not-a-digest'), '');
  mkdirSync(folder.at('blobs/other'));
  await pruneLayout(folder.path);
  const left = new Set(readdirSync(folder.at('blobs/sha256')));
  const wanted = [kept, nameless].flatMap(({ manifest, blobs }) => [
    encodedOf(manifest.digest),
    ...blobs.map(({ digest }) => encodedOf(digest)),
  ]);
  assert.deepEqual(left, new Set([...wanted, 'not-a-digest']));
});

test('an image that is not whole costs only itself', async () => {
  using folder = tempFolder();
  const layout = await OciLayout.open(folder.path, { create: true });
  const image = await sampleImage();
  await putImage(layout, image, 'main');
  writeFileSync(folder.at('blobs/sha256', encodedOf(image.manifest.digest)), '{}');
  await pruneLayout(folder.path);
  assert.deepEqual(readdirSync(folder.at('blobs/sha256')), [encodedOf(image.manifest.digest)]);
});
