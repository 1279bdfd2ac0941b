/** x.tar.volumes.json: written and read back, and what a changed one is refused for. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { bundleId, decodeVolumes, encodeVolumes } from '#store/volumes-document.ts';

const blob = digestOf('layer');
const bundle = {
  images: [
    {
      names: ['docker.io/library/app:1'],
      digest: blob,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      platforms: ['linux/amd64'],
      sizeBytes: 5,
      uniqueBytes: 5,
      blobs: [blob],
    },
  ],
  blobs: [{ digest: blob, size: 5, offset: 512 }],
  missing: [],
  files: new Map([['index.json', digestOf('{}')]]),
};
const document = {
  id: bundleId(bundle),
  bundle,
  volumeBytes: 1000,
  volumes: [
    { name: 'x.tar.001', offset: 0, size: 1000, digest: digestOf('1') },
    { name: 'x.tar.002', offset: 1000, size: 48, digest: digestOf('2') },
  ],
};

describe('volumes document', () => {
  it('comes back as it was', () => {
    assert.deepEqual(decodeVolumes(encodeVolumes(document), 'x'), document);
  });

  const CHANGES: readonly (readonly [string, (text: string) => string])[] = [
    ['another id', (text) => text.replace(document.id, digestOf('other'))],
    ['another offset in the bundle', (text) => text.replace('"offset":512', '"offset":1024')],
    ['a volume with a folder', (text) => text.replace('"x.tar.001"', '"../x.tar.001"')],
    ['a volume without a number', (text) => text.replace('"x.tar.001"', '"x.tar"')],
    ['no volumes', (text) => text.replace(/"volumes":\[.*?\]/, '"volumes":[]')],
    ['a negative size', (text) => text.replace('"size":48', '"size":-48')],
    ['another type', (text) => text.replace('volumes.v1', 'volumes.v9')],
    ['cut off', (text) => text.slice(0, 100)],
  ];
  for (const [fact, change] of CHANGES) {
    it(`${fact}: ARCHIVE_INVALID`, () => {
      const text = change(Buffer.from(encodeVolumes(document)).toString());
      assert.throws(() => decodeVolumes(Buffer.from(text), 'x'), { code: 'ARCHIVE_INVALID' });
    });
  }
});
