/** The forms of an image's layers: what they hold, what is changed, and that it is made once. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import pLimit from 'p-limit';
import type { Descriptor } from '#core/descriptor.ts';
import { formName, GZIP, type LayerForm } from '#core/layer-form.ts';
import { decodeManifest } from '#core/manifest.ts';
import { OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD } from '#core/media-type.ts';
import { type CompressOptions, compressLayers } from '#image/compress.ts';
import { collect, imageOf, putImage, type SampleLayer, sampleLayer } from '#test/helpers/images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

const limit = pLimit(2);
const inflate = { none: (bytes: Buffer) => bytes, gzip: gunzipSync, zstd: zstdDecompressSync };

interface Place {
  readonly plain: SampleLayer;
  /** As a base brings it. */
  readonly gzip: SampleLayer;
  compress(options: Pick<CompressOptions, 'form' | 'force'>): Promise<readonly Descriptor[]>;
  read(layer: Descriptor): Promise<Buffer>;
  /** When the blob was written. */
  madeAt(layer: Descriptor): number;
}

async function withImage(work: (place: Place) => Promise<void>): Promise<void> {
  await using place = await temporaryStore();
  const { store } = place;
  await using lease = await store.lease({ purpose: 'test' });
  const gzip = await sampleLayer({ codec: 'gzip' });
  const plain = await sampleLayer({ fileSize: 200_000 });
  const from = store.repository({ space: 'images', name: 'x', lease });
  const image = imageOf([gzip, plain]);
  await putImage(from, image);
  await work({
    plain,
    gzip,
    read: (layer) => collect(store.blobs(lease).read(layer.digest)),
    madeAt: ({ digest }) => statSync(store.paths.blob(digest)).mtimeMs,
    async compress(options) {
      const selector = image.manifest.digest;
      const made = await compressLayers({ store, lease, from, selector, limit, ...options });
      const manifest = decodeManifest(await made.repository.getManifest(made.manifest.digest));
      assert.equal(made.manifests.at(-1)?.digest, made.manifest.digest);
      return manifest.kind === 'image' ? manifest.layers : [];
    },
  });
}

const forms: readonly (readonly [LayerForm, string])[] = [
  [{ codec: 'none' }, OCI_LAYER],
  [GZIP, OCI_LAYER_GZIP],
  [{ codec: 'gzip', level: 0 }, OCI_LAYER_GZIP],
  [{ codec: 'gzip', level: 9 }, OCI_LAYER_GZIP],
  [{ codec: 'zstd' }, OCI_LAYER_ZSTD],
  [{ codec: 'zstd', level: 19 }, OCI_LAYER_ZSTD],
];

for (const [form, mediaType] of forms) {
  test(`${formName(form)}: what was plain gets it, what the base brought stays`, () =>
    withImage(async ({ plain, gzip, compress, read, madeAt }) => {
      const [base, own] = await compress({ form });
      assert(own);
      assert.deepEqual(base, gzip.descriptor);
      assert.equal(own.mediaType, mediaType);
      assert.deepEqual(inflate[form.codec](await read(own)), Buffer.from(plain.bytes));
      const before = madeAt(own);
      assert.deepEqual(await compress({ form }), [base, own]);
      assert.equal(madeAt(own), before, 'made once');
    }));

  test(`${formName(form)}, forced: the base gets it, too`, () =>
    withImage(async ({ plain, gzip, compress, read }) => {
      const layers = await compress({ form, force: true });
      assert.deepEqual(
        layers.map((layer) => layer.mediaType),
        [mediaType, mediaType],
      );
      const [base, own] = layers;
      assert(base && own);
      assert.deepEqual(inflate[form.codec](await read(own)), Buffer.from(plain.bytes));
      const tar = inflate[form.codec](await read(base));
      assert.deepEqual(tar, gunzipSync(gzip.bytes));
    }));
}

test('levels are forms of their own', () =>
  withImage(async ({ compress }) => {
    const sizes = new Map<number, string>();
    for (const [form] of forms.slice(1)) {
      const own = (await compress({ form }))[1];
      sizes.set(own?.size ?? 0, formName(form));
    }
    assert(sizes.size >= 3, [...sizes.values()].join(' '));
  }));
