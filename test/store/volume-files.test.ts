/** Some volumes as files: what they cover can be read where it lies, the rest is not there. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { digestOf, encodedOf } from '#core/digest.ts';
import { parseReference } from '#core/reference.ts';
import { BUNDLE_FILE, encodeBundle, SIGNATURE_FILE } from '#store/bundle-document.ts';
import { volumeContents, volumeFiles } from '#store/volume-files.ts';
import { bundleId, segmentOf, type VolumesDocument } from '#store/volumes-document.ts';
import { collect } from '#test/helpers/images.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const whole = randomBytes(4096);
/** In the first volume, across both, in the second. */
const extents = [
  { offset: 0, size: 700 },
  { offset: 1024, size: 1500 },
  { offset: 3072, size: 300 },
];
const blobs = extents.map(({ offset, size }) => ({
  digest: digestOf(whole.subarray(offset, offset + size)),
  offset,
  size,
}));
const [first, across, last] = blobs.map(({ digest }) => `blobs/sha256/${encodedOf(digest)}`);
const left = { digest: digestOf('left out'), size: 9 };
const manifest = { digest: blobs[0]?.digest ?? left.digest, mediaType: 'application/x' };
const bundle = {
  images: [
    {
      ...manifest,
      names: ['docker.io/library/app:1'],
      platforms: [],
      sizeBytes: 709,
      uniqueBytes: 709,
      blobs: [manifest.digest, left.digest],
    },
  ],
  blobs,
  missing: [left],
  files: new Map(),
};
const list: VolumesDocument = {
  id: bundleId(bundle),
  bundle,
  signature: Buffer.from('signed'),
  volumeBytes: 2048,
  volumes: [0, 2048].map((offset, i) => ({
    name: `x.tar.00${i + 1}`,
    offset,
    size: 2048,
    digest: digestOf(whole.subarray(offset, offset + 2048)),
  })),
};

describe('files of some volumes', () => {
  it('a blob is there when every byte of it is, and is read across volumes', async () => {
    using folder = tempFolder();
    const segments = list.volumes.map((volume) => segmentOf(volume, folder.at(volume.name)));
    for (const { path, offset, size } of segments) {
      await writeFile(path, whole.subarray(offset, offset + size));
    }
    const sizes = async (...given: readonly number[]) => {
      const files = volumeFiles(
        'x',
        list,
        given.flatMap((i) => segments[i] ?? []),
      );
      return await Promise.all([first, across, last].map((path) => files.size(path ?? '')));
    };
    assert.deepEqual(await sizes(0), [700, undefined, undefined]);
    assert.deepEqual(await sizes(1), [undefined, undefined, 300]);
    assert.deepEqual(await sizes(0, 1), [700, 1500, 300]);
    const files = volumeFiles('x', list, segments);
    const read = await collect(files.read(across ?? ''));
    assert.ok(read.equals(whole.subarray(1024, 2524)));
    const range = { offset: 1000, length: 100 };
    assert.ok(
      (await collect(files.read(across ?? '', { range }))).equals(whole.subarray(2024, 2124)),
    );
  });

  it('bundle.json and its signature are the list’s, whatever volumes are there', async () => {
    const files = volumeFiles('x', list, []);
    assert.deepEqual(await collect(files.read(BUNDLE_FILE)), encodeBundle(bundle));
    assert.equal((await collect(files.read(SIGNATURE_FILE))).toString(), 'signed');
    assert.equal(await files.size('index.json'), undefined);
  });

  it('images come with their names, and with sizes of what was left out too', () => {
    assert.deepEqual(volumeContents(bundle).images, [
      {
        manifest: { ...manifest, size: 700 },
        names: [parseReference('app:1')],
        refNames: ['1'],
      },
    ]);
  });
});
