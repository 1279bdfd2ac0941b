/** An OCI layout folder keeps what its index reaches, and nothing else. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { encodedOf } from '#core/digest.ts';
import { pruneLayout, reachedIn } from '#store/layout-prune.ts';
import { OciLayout } from '#store/oci-layout.ts';
import { currentOwner } from '#store/process-owner.ts';
import { putBlob, putImage, type SampleImage, sampleImage } from '#test/helpers/images.ts';
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

test('on request one tag stays', async () => {
  using folder = tempFolder();
  const layout = await OciLayout.open(folder.path, { create: true });
  const [gone, kept, nameless] = [await sampleImage(), await sampleImage(), await sampleImage()];
  await putImage(layout, gone, 'old');
  await putImage(layout, kept, 'main');
  await putImage(layout, nameless);
  await pruneLayout(folder.path, { keepOnly: 'main' });
  const wanted = [kept.manifest.digest, ...kept.blobs.map(({ digest }) => digest)].map(encodedOf);
  assert.deepEqual(new Set(readdirSync(folder.at('blobs/sha256'))), new Set(wanted));
});

test('what nobody used before may be somebody else’s: it stays until it is old', async () => {
  using folder = tempFolder();
  const layout = await OciLayout.open(folder.path, { create: true });
  const [gone, kept, coming] = [await sampleImage(), await sampleImage(), await sampleImage()];
  await putImage(layout, gone, 'main');
  const before = await reachedIn(layout);
  await putImage(layout, kept, 'main');
  for (const blob of coming.blobs) await putBlob(layout.blobs, blob);
  const blobs = () => new Set(readdirSync(folder.at('blobs/sha256')));
  const names = (...images: readonly SampleImage[]) =>
    new Set(images.flatMap((image) => image.blobs.map(({ digest }) => encodedOf(digest))));
  const manifest = encodedOf(kept.manifest.digest);
  await pruneLayout(folder.path, { before });
  assert.deepEqual(blobs(), names(kept, coming).add(manifest));
  for (const name of names(coming)) utimesSync(folder.at('blobs/sha256', name), 1, 1);
  await pruneLayout(folder.path, { before });
  assert.deepEqual(blobs(), names(kept).add(manifest));
});

test('what killed writers left goes, what may be under way stays', async () => {
  using folder = tempFolder();
  await OciLayout.open(folder.path, { create: true });
  const [boot, namespace] = currentOwner().split('.');
  const dead = `${boot}.${namespace}.${2 ** 22 + 1}.1`;
  const elsewhere = `${boot}.1.5.1`;
  const hours = (count: number) => (Date.now() - count * 3_600_000) / 1000;
  const put = (prefix: string, age: number): string => {
    const name = prefix.endsWith('.') ? `${prefix}${crypto.randomUUID()}` : prefix;
    writeFileSync(folder.at(name), '');
    utimesSync(folder.at(name), hours(age), hours(age));
    return name;
  };
  const left = [
    put(`blobs/.blob.${currentOwner()}.`, 30),
    put(`blobs/.blob.${dead}.`, 0),
    put(`blobs/.blob.${elsewhere}.`, 2),
    put('blobs/.mine', 100),
  ];
  put(`blobs/.blob.${dead}.`, 1);
  put(`.index.json.${dead}.`, 1);
  put(`blobs/.blob.${elsewhere}.`, 30);
  await pruneLayout(folder.path);
  const found = ['', 'blobs'].flatMap((place) =>
    readdirSync(folder.at(place)).flatMap((name) =>
      name.startsWith('.') ? [place === '' ? name : `${place}/${name}`] : [],
    ),
  );
  assert.deepEqual(found.sort(), left.sort());
});
