/** gc in slices (sweep.ts): it decides as the plan for the whole store does, and stops nobody. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { Digest } from '#core/digest.ts';
import { descriptorOf, encodeIndex } from '#core/manifest.ts';
import { planGarbage } from '#store/garbage.ts';
import type { Lease } from '#store/leases.ts';
import type { LocalRepository } from '#store/local-repository.ts';
import { LocalStore } from '#store/local-store.ts';
import { Metadata } from '#store/metadata.ts';
import { LINK_GRACE_MS } from '#store/registry-links.ts';
import {
  imageOf,
  putBlob,
  putImage,
  type SampleImage,
  type SampleLayer,
  sampleBlob,
  sampleIndex,
  sampleLayer,
} from '#test/helpers/images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

function repositoryOf(store: LocalStore, lease: Lease, name = 'app', sparse = false) {
  return store.repository({ space: 'registry', name, lease, sparse });
}

/** Pushes of before are over. */
function afterGrace(t: TestContext): void {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + LINK_GRACE_MS + 1000 });
}

describe('what a manifest needs', () => {
  it('stays with an index, also when its images are deleted one by one', async (t) => {
    await using place = await temporaryStore();
    const { store } = place;
    const index = await sampleIndex();
    {
      await using lease = await store.lease({ purpose: 'test' });
      const repository = repositoryOf(store, lease);
      await pushIndex(repository, index.manifest, index.images);
      for (const { manifest } of index.images) await repository.deleteManifest(manifest.digest);
    }
    afterGrace(t);
    assert.deepEqual((await store.gc()).removed, []);
    await using lease = await store.lease({ purpose: 'test' });
    await repositoryOf(store, lease).deleteManifest(index.manifest.digest);
    await lease[Symbol.asyncDispose]();
    await store.gc();
    for (const { manifest, blobs } of index.images) {
      for (const { digest } of [manifest, ...blobs]) {
        assert.ok(!existsSync(store.paths.blob(digest)));
      }
    }
  });

  it('an index that was there before its image needs what that needs', async (t) => {
    await using place = await temporaryStore();
    const { store } = place;
    const index = await sampleIndex();
    const [image] = index.images;
    assert.ok(image);
    {
      await using lease = await store.lease({ purpose: 'test' });
      const repository = repositoryOf(store, lease, 'app', true);
      await repository.putManifest(index.manifest, { tag: 'multi' });
      await putImage(repository, image);
      await repository.deleteManifest(image.manifest.digest);
    }
    afterGrace(t);
    assert.deepEqual((await store.gc()).removed, []);
  });

  it('is read from manifests that an older version wrote, before anything is removed', async (t) => {
    await using place = await temporaryStore();
    const { store } = place;
    {
      await using lease = await store.lease({ purpose: 'test' });
      const { images, manifest } = await sampleIndex();
      await pushIndex(repositoryOf(store, lease), manifest, images);
    }
    using raw = new Metadata(store.paths.database);
    raw.run('DELETE FROM refs');
    raw.run('INSERT INTO unread_manifests SELECT space, repository, digest FROM manifests');
    afterGrace(t);
    assert.deepEqual((await store.gc()).removed, []);
    assert.deepEqual(raw.all('SELECT * FROM unread_manifests'), []);
  });
});

describe('a sweep', () => {
  it('property: takes what the plan for the whole store would, after any history of a registry', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(ACTION, { maxLength: 14 }), fc.boolean(), async (actions, late) => {
        await using place = await temporaryStore();
        const { store } = place;
        {
          await using lease = await store.lease({ purpose: 'history' });
          const history = new Pushes(store, lease, await layersOf(4));
          for (const action of actions) await history.play(action);
        }
        using raw = new Metadata(store.paths.database);
        if (late) raw.run('UPDATE links SET linked_at_ms = 0');
        const plan = raw.transaction(() => planGarbage(store.paths, raw));
        const planned = plan.garbage.flatMap(({ kind, digest }) =>
          kind === 'blob' && digest ? [digest] : [],
        );
        assert.deepEqual((await store.gc({ dryRun: true })).removed, planned.sort());
        assert.deepEqual((await store.gc()).removed, planned.sort());
        assert.deepEqual((await store.gc()).removed, []);
        assert.deepEqual(usageIn(raw), usageByHand(raw));
        assert.deepEqual((await store.check()).problems, []);
      }),
      { numRuns: 15 },
    );
  });

  it('two at once, in two processes’ way, beside pushes: nothing pushed is lost', async () => {
    await using place = await temporaryStore();
    const { store, root } = place;
    await using other = await LocalStore.open({ root });
    const garbage = Array.from({ length: 300 }, () => sampleBlob());
    {
      await using lease = await store.lease({ purpose: 'test' });
      for (const blob of garbage) await putBlob(store.blobs(lease), blob);
    }
    await using lease = await store.lease({ purpose: 'test' });
    const shared = await layersOf(3);
    const push = async (round: number): Promise<SampleImage> => {
      const image = imageOf([...shared.slice(round % 3), await sampleLayer()]);
      const repository = repositoryOf(store, lease, `app-${round % 4}`);
      await putImage(repository, image, `v${round}`);
      if (round % 3 === 0) await repository.deleteManifest(image.manifest.digest);
      return image;
    };
    const pushes = async (): Promise<readonly SampleImage[]> => {
      const images: SampleImage[] = [];
      for (let round = 1; round <= 20; round += 1) images.push(await push(round));
      return images;
    };
    const [images, one, two] = await Promise.all([pushes(), store.gc(), other.gc()]);
    const removed = [...one.removed, ...two.removed].sort();
    const gone = garbage.map(({ digest }) => digest);
    assert.deepEqual(
      removed.filter((digest) => gone.includes(digest)),
      gone.sort(),
    );
    for (const [i, { manifest, blobs }] of images.entries()) {
      if ((i + 1) % 3 === 0) continue;
      for (const { digest } of [manifest, ...blobs])
        assert.ok(existsSync(store.paths.blob(digest)));
    }
    assert.deepEqual((await store.check()).problems, []);
  });

  it('lets others have their turn between slices, and stops when it is told to', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    {
      await using lease = await store.lease({ purpose: 'test' });
      for (let i = 0; i < 200; i += 1) await putBlob(store.blobs(lease), sampleBlob());
    }
    const stop = new AbortController();
    const running = store.gc({ signal: stop.signal });
    // One turn of the loop: a sweep in one piece would be over by now, or never hear of it.
    setImmediate(() => stop.abort(new Error('enough')));
    await assert.rejects(running, /enough/);
    assert.ok((await store.gc()).removed.length > 0);
    assert.deepEqual((await store.gc()).removed, []);
  });

  it('measures blobs that were linked before sizes were written down', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const blob = sampleBlob();
    await putBlob(repositoryOf(store, lease).blobs, blob);
    await repositoryOf(store, lease, 'other').blobs.mount(blob.digest);
    using raw = new Metadata(store.paths.database);
    raw.run('DELETE FROM registry_usage');
    raw.run('UPDATE links SET size = NULL');
    await store.gc();
    assert.deepEqual(usageIn(raw), [
      ['', 100],
      ['app', 100],
      ['other', 100],
    ]);
    await rm(store.paths.blob(blob.digest));
  });
});

type Action =
  | { readonly kind: 'image'; readonly layers: readonly number[]; readonly at: number }
  | { readonly kind: 'index' | 'delete' | 'untag' | 'blob' | 'mount'; readonly at: number };

const NUMBER = fc.nat({ max: 3 });
const ACTION: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: fc.constant('image' as const),
    layers: fc.uniqueArray(NUMBER, { maxLength: 3 }),
    at: NUMBER,
  }),
  fc.record({
    kind: fc.constantFrom('index', 'delete', 'untag', 'blob', 'mount'),
    at: NUMBER,
  }),
);

/** What clients do to two repositories. */
class Pushes {
  readonly #repositories: readonly LocalRepository[];
  readonly #layers: readonly SampleLayer[];
  readonly #images: SampleImage[] = [];
  readonly #manifests: Digest[] = [];

  constructor(store: LocalStore, lease: Lease, layers: readonly SampleLayer[]) {
    this.#repositories = ['a', 'b'].map((name) => repositoryOf(store, lease, name));
    this.#layers = layers;
  }

  async play(action: Action): Promise<void> {
    const repository = this.#repositories[action.at % 2];
    assert.ok(repository);
    switch (action.kind) {
      case 'image': {
        const image = imageOf(action.layers.flatMap((i) => this.#layers[i] ?? []));
        await putImage(repository, image, `t${action.at}`);
        this.#images.push(image);
        this.#manifests.push(image.manifest.digest);
        return;
      }
      case 'index': {
        const images = this.#images.slice(0, 2);
        if (images.length === 0) return;
        const manifest = encodeIndex(images.map(({ manifest }) => descriptorOf(manifest)));
        await pushIndex(repository, manifest, images);
        this.#manifests.push(manifest.digest);
        return;
      }
      case 'delete': {
        const digest = this.#manifests[action.at];
        if (digest) await repository.deleteManifest(digest);
        return;
      }
      case 'untag':
        await repository.deleteTag(`t${action.at}`);
        return;
      case 'blob':
        await putBlob(repository.blobs, sampleBlob());
        return;
      case 'mount': {
        const layer = this.#layers[action.at];
        if (layer) await repository.blobs.mount(layer.digest);
        return;
      }
    }
  }
}

async function pushIndex(
  repository: LocalRepository,
  manifest: SampleImage['manifest'],
  images: readonly SampleImage[],
): Promise<void> {
  for (const image of images) await putImage(repository, image);
  await repository.putManifest(manifest, { tag: 'multi' });
}

async function layersOf(count: number): Promise<readonly SampleLayer[]> {
  return await Promise.all(Array.from({ length: count }, () => sampleLayer()));
}

/** Bytes by repository as the triggers have counted them. */
function usageIn(raw: Metadata): readonly unknown[] {
  return raw
    .all('SELECT repository, bytes FROM registry_usage WHERE bytes <> 0 ORDER BY repository')
    .map(({ repository, bytes }) => [repository, bytes]);
}

function usageByHand(raw: Metadata): readonly unknown[] {
  return raw
    .all(
      `SELECT '' AS repository, coalesce(sum(size), 0) AS bytes
       FROM (SELECT DISTINCT digest, size FROM links)
       UNION ALL SELECT repository, sum(size) FROM links GROUP BY repository ORDER BY repository`,
    )
    .map(({ repository, bytes }) => [repository, bytes])
    .filter(([, bytes]) => bytes !== 0);
}
