/**
 * Archives that are wrong on purpose or by accident: each is refused with a reason that names what is
 * wrong, and the store is as before: no names, nothing half-written.
 */
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import pLimit from 'p-limit';
import { type Digest, digestOf, encodedOf } from '#core/digest.ts';
import { type ErrorCode, isSlipwayError } from '#core/errors.ts';
import { encodeImageConfig } from '#core/image-config.ts';
import { descriptorOf, encodeImageManifest, encodeIndex } from '#core/manifest.ts';
import { OCI_CONFIG, OCI_INDEX } from '#core/media-type.ts';
import type { RawManifest } from '#core/repository.ts';
import { loadImages } from '#image/load.ts';
import {
  type SampleBlob,
  type SampleImage,
  type SampleOptions,
  sampleImage,
  sampleTar,
} from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const platform = { os: 'linux', architecture: 'amd64' };

type Files = Record<string, Uint8Array>;

interface Hostile {
  readonly fact: string;
  readonly bytes: () => Promise<Uint8Array>;
  readonly code: ErrorCode;
  readonly message: RegExp;
}

const CASES: readonly Hostile[] = [
  {
    fact: 'a layer with other content than its digest',
    bytes: () =>
      changed(({ layers: [layer] }) => ({
        [pathOf(layer)]: Buffer.alloc(layer?.bytes.byteLength ?? 0, 7),
      })),
    code: 'DIGEST_MISMATCH',
    message: /digest mismatch/,
  },
  {
    fact: 'a compressed layer with other files than the config promises',
    bytes: () => withOtherFiles({ codec: 'gzip' }),
    code: 'DIGEST_MISMATCH',
    message: /does not hold the files its image config promises/,
  },
  {
    fact: 'a plain layer with other files than the config promises',
    bytes: () => withOtherFiles({}),
    code: 'DIGEST_MISMATCH',
    message: /does not hold the files its image config promises/,
  },
  {
    fact: 'more layers than the config has',
    bytes: async () => {
      const image = await sampleImage();
      return await sampleTar(layoutOf([withConfig(image, [image.layers[0]?.diffId ?? ZERO])]));
    },
    code: 'MANIFEST_INVALID',
    message: /has 2 layers, its config says 1/,
  },
  {
    fact: 'a config that is lost',
    bytes: () => changed(({ blobs: [config] }) => ({ [pathOf(config)]: undefined })),
    code: 'ARCHIVE_INCOMPLETE',
    message: /app:1: config sha256:/,
  },
  {
    fact: 'a config that is none',
    bytes: async () => {
      const image = await sampleImage();
      const config = blobOf(Buffer.from('{"no":"config"}'));
      return await sampleTar(layoutOf([withBlob(image, config)]));
    },
    code: 'MANIFEST_INVALID',
    message: /image config/,
  },
  {
    fact: 'a manifest with other content than its digest',
    bytes: () => changed(({ manifest }) => ({ [pathOf(manifest)]: Buffer.from('{}') })),
    code: 'DIGEST_MISMATCH',
    message: /manifest sha256:/,
  },
  {
    fact: 'a manifest that is lost',
    bytes: () => changed(({ manifest }) => ({ [pathOf(manifest)]: undefined })),
    code: 'ARCHIVE_INCOMPLETE',
    message: /app:1: manifest sha256:/,
  },
  {
    fact: 'an index of which no image is there',
    bytes: async () => {
      const image = await sampleImage();
      const index = encodeIndex([{ ...descriptorOf(image.manifest), platform }]);
      return await sampleTar({ ...indexFile([index]), [pathOf(index)]: index.bytes });
    },
    code: 'ARCHIVE_INCOMPLETE',
    message: /manifest sha256:/,
  },
  {
    fact: 'indexes that list each other as nobody could have hashed them',
    bytes: async () => {
      const [one, two] = [digestOf('one'), digestOf('two')];
      const document = (digest: Digest) =>
        Buffer.from(
          JSON.stringify({
            schemaVersion: 2,
            mediaType: OCI_INDEX,
            manifests: [{ mediaType: OCI_INDEX, digest, size: 200 }],
          }),
        );
      return await sampleTar({
        ...indexFile([{ mediaType: OCI_INDEX, digest: one, bytes: document(two) }]),
        [pathOf({ digest: one })]: document(two),
        [pathOf({ digest: two })]: document(one),
      });
    },
    code: 'DIGEST_MISMATCH',
    message: /manifest sha256:/,
  },
  {
    fact: 'indexes within indexes without end',
    bytes: async () => {
      const image = await sampleImage();
      const chain: RawManifest[] = [image.manifest];
      for (let i = 0; i < 8; i += 1) {
        chain.push(encodeIndex([{ ...descriptorOf(chain.at(-1) ?? image.manifest), platform }]));
      }
      const files = Object.fromEntries(chain.map((raw) => [pathOf(raw), raw.bytes]));
      return await sampleTar({ ...layoutOf([image]), ...files, ...indexFile(chain.slice(-1)) });
    },
    code: 'MANIFEST_INVALID',
    message: /indexes within each other/,
  },
  {
    fact: 'an index.json with a hundred thousand images',
    bytes: async () => {
      const manifests = Array.from({ length: 100_000 }, (_, i) => ({
        mediaType: OCI_INDEX,
        digest: digestOf(`${i}`),
        size: 1,
      }));
      return await sampleTar({ 'index.json': json({ schemaVersion: 2, manifests }) });
    },
    code: 'ARCHIVE_INVALID',
    message: /lists 100000 images, more than 10000/,
  },
  {
    fact: 'an image with a hundred thousand names',
    bytes: async () => {
      const image = await sampleImage();
      const manifests = Array.from({ length: 100_000 }, (_, i) => ({
        ...descriptorOf(image.manifest),
        annotations: { 'io.containerd.image.name': `docker.io/library/app:${i}` },
      }));
      const index = { 'index.json': json({ schemaVersion: 2, manifests }) };
      return await sampleTar({ ...layoutOf([image]), ...index });
    },
    code: 'ARCHIVE_INVALID',
    message: /an image has 100000 names, more than 10000/,
  },
  {
    fact: 'an index.json that is not JSON',
    bytes: () => sampleTar({ 'index.json': Buffer.from('{') }),
    code: 'ARCHIVE_INVALID',
    message: /index\.json is not valid JSON/,
  },
  {
    fact: 'two files called index.json',
    bytes: async () => {
      const [one, two] = [await sampleImage(), await sampleImage()];
      const first = await sampleTar(layoutOf([one]));
      // A tar ends in two empty blocks; what is appended replaces them.
      return Buffer.concat([first.subarray(0, -1024), await sampleTar(layoutOf([two]))]);
    },
    code: 'ARCHIVE_INVALID',
    message: /index\.json stands in it twice/,
  },
  {
    fact: 'a bundle.json that is damaged',
    bytes: () =>
      changed(() => ({
        'bundle.json': Buffer.from('{"mediaType":"application/vnd.slipway.bundle.v1+json"}'),
      })),
    code: 'ARCHIVE_INVALID',
    message: /bundle\.json/,
  },
  {
    fact: 'a docker archive with fewer layers than its config',
    bytes: async () => {
      const image = await sampleImage();
      const [config] = image.blobs;
      return await sampleTar({
        'manifest.json': json([{ Config: 'c.json', RepoTags: ['app:1'], Layers: [] }]),
        'c.json': config?.bytes ?? Buffer.alloc(0),
      });
    },
    code: 'ARCHIVE_INVALID',
    message: /lists 0 layers, its config 2/,
  },
  {
    fact: 'a docker archive without its config',
    bytes: () =>
      sampleTar({
        'manifest.json': json([{ Config: 'c.json', RepoTags: ['app:1'], Layers: [] }]),
      }),
    code: 'ARCHIVE_INVALID',
    message: /c\.json is missing/,
  },
  {
    fact: 'a docker archive whose gzip layer holds other files than its config promises',
    bytes: async () => {
      const [image, other] = [await sampleImage(), await sampleImage()];
      const Layers = ['0.tar', '1.tar'];
      return await sampleTar({
        'manifest.json': json([{ Config: 'c.json', RepoTags: ['app:1'], Layers }]),
        'c.json': image.blobs[0]?.bytes ?? Buffer.alloc(0),
        '0.tar': gzipSync(other.layers[0]?.bytes ?? Buffer.alloc(0)),
        '1.tar': image.layers[1]?.bytes ?? Buffer.alloc(0),
      });
    },
    code: 'DIGEST_MISMATCH',
    message: /does not hold the files/,
  },
];

describe('load refuses', () => {
  for (const { fact, bytes, code, message } of CASES) {
    it(`${fact}: ${code}`, async () => {
      using folder = tempFolder();
      await using to = await temporaryStore();
      await storeImage(to.store, await sampleImage(), 'here:1');
      const before = to.store.images.list();
      await writeFile(folder.at('x.tar'), await bytes());
      const input = folder.at('x.tar');
      const limit = pLimit(2);
      await assert.rejects(loadImages({ store: to.store, input, platform, limit }), (error) => {
        assert.ok(isSlipwayError(error, code), String(error));
        assert.match(error.message, message);
        return true;
      });
      assert.deepEqual(to.store.images.list(), before);
      assert.deepEqual(await readdir(to.store.paths.ingest), []);
    });
  }
});

const ZERO = digestOf('');

/** A layout with one image called app:1, files replaced or (undefined) taken away. */
async function changed(
  change: (image: SampleImage) => Record<string, Uint8Array | undefined>,
): Promise<Uint8Array> {
  const image = await sampleImage();
  const files: Record<string, Uint8Array | undefined> = { ...layoutOf([image]), ...change(image) };
  const kept = Object.entries(files).flatMap(([path, bytes]) => (bytes ? [[path, bytes]] : []));
  return await sampleTar(Object.fromEntries(kept));
}

function layoutOf(images: readonly SampleImage[]): Files {
  const blobs = images.flatMap((image) => [image.manifest, ...image.blobs]);
  return {
    ...indexFile(images.map(({ manifest }) => manifest)),
    ...Object.fromEntries(blobs.map((blob) => [pathOf(blob), blob.bytes])),
  };
}

function indexFile(manifests: readonly RawManifest[]): Files {
  const annotations = { 'io.containerd.image.name': 'docker.io/library/app:1' };
  const entries = manifests.map((raw) => ({ ...descriptorOf(raw), annotations }));
  return { 'index.json': json({ schemaVersion: 2, manifests: entries }) };
}

/** An image whose config promises the tars of another one. */
async function withOtherFiles(options: SampleOptions): Promise<Uint8Array> {
  const [image, other] = [await sampleImage(options), await sampleImage()];
  const promised = other.layers.map(({ diffId }) => diffId);
  return await sampleTar(layoutOf([withConfig(image, promised)]));
}

/** The image with a config that promises these tars. */
function withConfig(image: SampleImage, diffIds: readonly Digest[]): SampleImage {
  const rootfs = { type: 'layers' as const, diff_ids: diffIds };
  return withBlob(image, blobOf(encodeImageConfig({ ...image.config, rootfs })));
}

function withBlob(image: SampleImage, config: SampleBlob): SampleImage {
  const { digest, bytes } = config;
  const manifest = encodeImageManifest({
    config: { mediaType: OCI_CONFIG, digest, size: bytes.byteLength },
    layers: image.layers.map(({ descriptor }) => descriptor),
  });
  return { ...image, manifest, blobs: [config, ...image.layers] };
}

function blobOf(bytes: Uint8Array): SampleBlob {
  return { digest: digestOf(bytes), bytes };
}

function pathOf(blob: { readonly digest: Digest } | undefined): string {
  return `blobs/sha256/${encodedOf(blob?.digest ?? ZERO)}`;
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
