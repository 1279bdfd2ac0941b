/** bundle.json: what is written is read again, and nothing else is. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import {
  type BundleDocument,
  decodeBundle,
  decodeOwnBundle,
  encodeBundle,
} from '#store/bundle-document.ts';

const [a, b] = [digestOf('a'), digestOf('b')];

const DOCUMENT: BundleDocument = {
  images: [
    {
      names: ['docker.io/library/app:1'],
      digest: a,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      platforms: ['linux/amd64'],
      sizeBytes: 700,
      uniqueBytes: 600,
      blobs: [a, b],
    },
    {
      names: [],
      digest: b,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      subject: a,
      platforms: [],
      sizeBytes: 0,
      uniqueBytes: 0,
      blobs: [],
    },
  ],
  blobs: [
    { digest: a, size: 100, offset: 512 },
    { digest: b, size: 600, offset: 1536 },
  ],
  missing: [{ digest: digestOf('c'), size: 9 }],
  files: new Map([['index.json', digestOf('i')]]),
};

describe('bundle.json', () => {
  it('is read as it was written, and is the same bytes each time', () => {
    const bytes = encodeBundle(DOCUMENT);
    assert.deepEqual(decodeBundle(bytes, 'x.tar'), DOCUMENT);
    assert.deepEqual(encodeBundle(DOCUMENT), bytes);
  });

  it('is left alone where somebody else wrote it', () => {
    for (const text of ['{', '[]', '{"name":"web"}', '{"mediaType":"text/css"}']) {
      assert.equal(decodeOwnBundle(Buffer.from(text), 'x.tar'), undefined);
    }
    assert.deepEqual(decodeOwnBundle(encodeBundle(DOCUMENT), 'x.tar'), DOCUMENT);
  });

  const REFUSED: readonly (readonly [string, (text: string) => string, RegExp])[] = [
    ['no JSON', () => '{', /not valid JSON/],
    [
      'another version',
      (t) => t.replace('"schemaVersion":1', '"schemaVersion":2'),
      /schemaVersion/,
    ],
    ['another kind', (t) => t.replace('vnd.slipway.bundle', 'vnd.other'), /mediaType/],
    ['no digest', (t) => t.replace(a, 'sha256:1'), /digest/],
    ['a negative size', (t) => t.replace('"size":100', '"size":-1'), /blobs\/0\/size/],
    [
      'an offset within a block',
      (t) => t.replace('"offset":512', '"offset":513'),
      /order of the tar/,
    ],
    ['overlapping blobs', (t) => t.replace('"size":100', '"size":2000'), /order of the tar/],
    [
      'a blob without end',
      (t) => t.replace('"size":600', '"size":9007199254740991'),
      /within a file/,
    ],
    [
      'more images than anybody has',
      (t) =>
        t.replace(
          /"images":\[.*?\],"blobs":\[\{/,
          `"images":[${'{},'.repeat(10_000)}{}],"blobs":[{`,
        ),
      /at most 10000/,
    ],
  ];
  for (const [fact, change, message] of REFUSED) {
    it(`${fact}: ARCHIVE_INVALID names the field`, () => {
      const text = change(Buffer.from(encodeBundle(DOCUMENT)).toString());
      assert.throws(() => decodeBundle(Buffer.from(text), 'x.tar'), {
        code: 'ARCHIVE_INVALID',
        message,
      });
    });
  }
});
