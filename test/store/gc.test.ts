/** gc: what nothing needs goes, what anything needs stays, whatever was done to the store before. */
import assert from 'node:assert/strict';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Digest, digestOf, encodedOf, parseDigest } from '#core/digest.ts';
import type { LocalStore } from '#store/local-store.ts';
import { LINK_GRACE_MS } from '#store/registry-links.ts';
import {
  imageOf,
  putBlob,
  putImage,
  type SampleImage,
  type SampleLayer,
  sampleBlob,
  sampleImage,
  sampleIndex,
  sampleLayer,
} from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

describe('gc', () => {
  it('removes a blob that nothing holds, and says how much that was', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const blob = sampleBlob();
    {
      await using lease = await store.lease({ purpose: 'test' });
      await putBlob(store.blobs(lease), blob);
    }
    const bytes = blob.bytes.byteLength;
    const freed = { blob: { count: 1, bytes } };
    const expected = { removed: [blob.digest], freedBytes: bytes, freed };
    assert.deepEqual(await store.gc({ dryRun: true }), expected);
    assert.deepEqual(await blobsIn(store), [blob.digest]);
    assert.deepEqual(await store.gc(), expected);
    assert.deepEqual(await blobsIn(store), []);
    assert.deepEqual(await readdir(store.paths.trash), []);
  });

  it('keeps what a lease holds, until it is disposed', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const lease = await store.lease({ purpose: 'test' });
    const blob = sampleBlob();
    await putBlob(store.blobs(lease), blob);
    assert.deepEqual((await store.gc()).removed, []);
    await lease[Symbol.asyncDispose]();
    assert.deepEqual((await store.gc()).removed, [blob.digest]);
  });

  it('keeps an index with all its images, tagged or not', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await storeImage(store, await sampleIndex(), 'multi');
    await storeImage(store, await sampleImage());
    assert.deepEqual((await store.gc()).removed, []);
  });

  it('keeps tar and index of a layer whose compressed form is needed, and the other way round', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await sampleImage({ layers: 1, codec: 'gzip' });
    await storeImage(store, image, 'app');
    const layer = image.layers[0];
    assert.ok(layer);
    {
      await using lease = await store.lease({ purpose: 'test' });
      await store.layers.ensure(layer, { lease });
    }
    assert.deepEqual((await store.gc()).removed, []);
    assert.ok(store.layers.files(layer.diffId));
    assert.deepEqual(store.layers.compressed(layer.diffId, 'gzip'), layer.descriptor);
    store.images.forget('docker.io/library/app', image.manifest.digest);
    await store.gc();
    assert.deepEqual(await blobsIn(store), []);
    assert.deepEqual(await readdir(`${store.paths.indexes}/sha256`), []);
    assert.equal(store.layers.compressed(layer.diffId, 'gzip'), undefined);
  });

  it('keeps the layer of a cache record', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const layer = await sampleLayer();
    {
      await using lease = await store.lease({ purpose: 'test' });
      await putBlob(store.blobs(lease), layer);
      await store.layers.ensure(layer, { lease });
    }
    const createdAt = '2026-01-02T03:04:05Z';
    store.records.save({ key: 'k', diffId: layer.diffId, createdAt, description: 'RUN x' });
    assert.deepEqual((await store.gc()).removed, []);
    assert.ok(store.records.find('k'));
  });

  it('the registry: an upload is kept while its push may go on, a pushed image for ever', async (t) => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await sampleImage();
    const loose = sampleBlob();
    {
      await using lease = await store.lease({ purpose: 'test' });
      const repository = store.repository({ space: 'registry', name: 'app', lease });
      await putImage(repository, image, 'v1');
      await putBlob(repository.blobs, loose);
    }
    assert.deepEqual((await store.gc()).removed, []);
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + LINK_GRACE_MS + 1000 });
    assert.deepEqual((await store.gc()).removed, [loose.digest]);
    await using lease = await store.lease({ purpose: 'test' });
    const repository = store.repository({ space: 'registry', name: 'app', lease });
    assert.equal(await repository.blobs.stat(loose.digest), undefined);
    for (const { digest } of image.blobs) assert.ok(await repository.blobs.stat(digest));
  });

  it('the registry: a deleted image frees its space at once, what others share stays', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const shared = await sampleLayer();
    const [gone, kept] = [imageOf([shared, await sampleLayer()]), imageOf([shared])];
    {
      await using lease = await store.lease({ purpose: 'test' });
      const repository = store.repository({ space: 'registry', name: 'app', lease });
      await putImage(repository, kept, 'kept');
      await putImage(repository, gone, 'gone');
      await repository.deleteManifest(gone.manifest.digest);
    }
    await store.gc();
    const left = [kept.manifest, ...kept.blobs].map(({ digest }) => digest);
    assert.deepEqual(await blobsIn(store), left.sort());
  });

  it('files that are not ours stay; merged images stay while they are young or held', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const [old, young, held] = [digestOf('a'), digestOf('b'), digestOf('c')];
    await using lease = await store.lease({ purpose: 'test' });
    lease.hold(held);
    for (const digest of [old, young, held]) await writeFile(store.paths.mergedImage(digest), '');
    for (const digest of [old, held]) await utimes(store.paths.mergedImage(digest), 0, 0);
    await writeFile(`${store.paths.blobs}/sha256/README`, '');
    await store.gc();
    assert.deepEqual(
      (await readdir(`${store.paths.merged}/sha256`)).sort(),
      [young, held].map((digest) => `${encodedOf(digest)}.erofs`).sort(),
    );
    assert.deepEqual(await readdir(`${store.paths.blobs}/sha256`), ['README']);
  });

  it('property: after any history, exactly the reachable is left', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(ACTION, { maxLength: 12 }), async (actions) => {
        await using place = await temporaryStore();
        const history = await History.start(place.store);
        for (const action of actions) await history.play(action);
        await place.store.gc();
        assert.deepEqual(await blobsIn(place.store), history.reachable());
        await history.end();
      }),
      { numRuns: 25 },
    );
  });
});

type Action =
  | { readonly kind: 'put'; readonly layers: readonly number[]; readonly tag: number }
  | { readonly kind: 'untag' | 'delete' | 'record' | 'hold'; readonly which: number };

const NUMBER = fc.nat({ max: 3 });
const ACTION: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    layers: fc.uniqueArray(NUMBER, { maxLength: 3 }),
    tag: NUMBER,
  }),
  fc.record({
    kind: fc.constantFrom('untag' as const, 'delete' as const, 'record' as const, 'hold' as const),
    which: NUMBER,
  }),
);

/** The slow oracle: a model of what must be there, in plain sets. */
class History {
  readonly #store: LocalStore;
  readonly #layers: readonly SampleLayer[];
  readonly #lease;
  readonly #images = new Map<Digest, SampleImage>();
  readonly #roots = new Set<Digest>();

  private constructor(
    store: LocalStore,
    layers: readonly SampleLayer[],
    lease: Awaited<ReturnType<LocalStore['lease']>>,
  ) {
    this.#store = store;
    this.#layers = layers;
    this.#lease = lease;
  }

  static async start(store: LocalStore): Promise<History> {
    const layers: SampleLayer[] = [];
    for (let i = 0; i < 4; i += 1) layers.push(await sampleLayer());
    {
      await using lease = await store.lease({ purpose: 'seed' });
      for (const layer of layers) await putBlob(store.blobs(lease), layer);
    }
    return new History(store, layers, await store.lease({ purpose: 'history' }));
  }

  async play(action: Action): Promise<void> {
    switch (action.kind) {
      case 'put': {
        const image = imageOf(action.layers.flatMap((i) => this.#layers[i] ?? []));
        await storeImage(this.#store, image, `app:${action.tag}`);
        this.#images.set(image.manifest.digest, image);
        return;
      }
      case 'untag':
        await this.#repository().deleteTag(String(action.which));
        return;
      case 'delete': {
        const digest = [...this.#images.keys()][action.which];
        if (!digest) return;
        await this.#repository().deleteManifest(digest);
        this.#images.delete(digest);
        return;
      }
      case 'record':
      case 'hold': {
        const layer = this.#layers[action.which];
        if (!layer) return;
        this.#roots.add(layer.digest);
        if (action.kind === 'hold') this.#lease.hold(layer.digest);
        else this.#save(layer.diffId);
        return;
      }
    }
  }

  reachable(): readonly Digest[] {
    const all = new Set(this.#roots);
    for (const { manifest, blobs } of this.#images.values()) {
      for (const { digest } of [manifest, ...blobs]) all.add(digest);
    }
    // Whatever was seeded and never referred to is garbage; whatever is left must exist.
    return [...all].sort();
  }

  async end(): Promise<void> {
    await this.#lease[Symbol.asyncDispose]();
  }

  #save(diffId: Digest): void {
    const createdAt = '2026-01-02T03:04:05Z';
    this.#store.records.save({ key: diffId, diffId, createdAt, description: 'x' });
  }

  #repository() {
    const name = 'docker.io/library/app';
    return this.#store.repository({ space: 'images', name, lease: this.#lease });
  }
}

async function blobsIn(store: LocalStore): Promise<readonly Digest[]> {
  const names = await readdir(`${store.paths.blobs}/sha256`);
  return names.map((name) => parseDigest(`sha256:${name}`)).sort();
}
