/** Retention: which tags the rules keep, and what goes with those they do not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { descriptorOf, encodeArtifact } from '#core/manifest.ts';
import type { RetentionRule, TagRule } from '#core/registry-config.ts';
import { applyRetention, type Removal } from '#registry/operations/retention.ts';
import { tagJudge } from '#registry/operations/tag-rules.ts';
import { storeCare } from '#registry/store-care.ts';
import type { LocalStore } from '#store/local-store.ts';
import { Metadata } from '#store/metadata.ts';
import { putBlob, putImage, sampleBlob, sampleImage, sampleIndex } from '#test/helpers/images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

const DAY_MS = 86_400_000;
const NOW_MS = 1_800_000_000_000;

interface Held {
  readonly tag: string;
  readonly pushedDays: number;
  readonly pulledDays?: number;
}

/** A repository with a tag for each, all on images of their own. */
async function filled(store: LocalStore, tags: readonly Held[], name = 'team/app') {
  await using lease = await store.lease({ purpose: 'test' });
  const repository = store.repository({ space: 'registry', name, lease });
  using raw = new Metadata(store.paths.database);
  for (const { tag, pushedDays, pulledDays } of tags) {
    const { manifest, ...image } = await sampleImage({ layers: 1 });
    await putImage(repository, { manifest, ...image }, tag);
    const putAtMs = NOW_MS - pushedDays * DAY_MS;
    raw.run('UPDATE tags SET put_at_ms = ? WHERE tag = ?', putAtMs, tag);
    raw.run('UPDATE manifests SET put_at_ms = ? WHERE digest = ?', putAtMs, manifest.digest);
    if (pulledDays === undefined) continue;
    const atMs = NOW_MS - pulledDays * DAY_MS;
    store.served.notePulls([{ repository: name, digest: manifest.digest, atMs }]);
  }
}

async function apply(
  store: LocalStore,
  rules: readonly Partial<RetentionRule>[],
  options: { readonly tags?: readonly TagRule[]; readonly dryRun?: boolean } = {},
): Promise<readonly Removal[]> {
  const everything = { repositories: '**', tags: '**' };
  return await Array.fromAsync(
    applyRetention(
      {
        care: storeCare(store),
        catalog: async ({ last = '', limit }) => store.catalog('registry', { after: last, limit }),
      },
      {
        rules: rules.map((rule) => ({ ...everything, ...rule })),
        judge: tagJudge(options.tags ?? []),
        nowMs: NOW_MS,
        dryRun: options.dryRun ?? false,
      },
    ),
  );
}

const names = (removals: readonly Removal[]) => removals.map(({ tag }) => tag).sort();

describe('the rules', () => {
  const TAGS: readonly Held[] = [
    { tag: 'v1', pushedDays: 90 },
    { tag: 'v2', pushedDays: 60, pulledDays: 1 },
    { tag: 'v3', pushedDays: 20 },
    { tag: 'v4', pushedDays: 1 },
    { tag: 'dev-1', pushedDays: 50 },
  ];
  const cases: readonly {
    readonly name: string;
    readonly rules: readonly Partial<RetentionRule>[];
    readonly gone: readonly string[];
  }[] = [
    { name: 'the last pushed stay', rules: [{ keepLast: 2 }], gone: ['dev-1', 'v1', 'v2'] },
    {
      name: 'pushed within',
      rules: [{ pushedWithinMs: 30 * DAY_MS }],
      gone: ['dev-1', 'v1', 'v2'],
    },
    {
      name: 'pulled within keeps what was pushed long ago',
      rules: [{ keepLast: 1, pulledWithinMs: 7 * DAY_MS }],
      gone: ['dev-1', 'v1', 'v3'],
    },
    {
      name: 'tags that no rule speaks of stay',
      rules: [{ tags: 'dev-*', keepLast: 0 }],
      gone: ['dev-1'],
    },
    { name: 'a regular expression', rules: [{ tags: '/v[12]/', keepLast: 0 }], gone: ['v1', 'v2'] },
    {
      name: 'what one of two rules keeps stays',
      rules: [{ keepLast: 1 }, { tags: '/v.*/', keepLast: 3 }],
      gone: ['dev-1', 'v1'],
    },
    {
      name: 'other repositories are left alone',
      rules: [{ repositories: 'other/*', keepLast: 0 }],
      gone: [],
    },
    {
      name: 'a rule about untagged manifests alone keeps every tag',
      rules: [{ untaggedMs: 1 }],
      gone: [],
    },
  ];
  for (const { name, rules, gone } of cases) {
    it(name, async () => {
      await using place = await temporaryStore();
      await filled(place.store, TAGS);
      assert.deepEqual(names(await apply(place.store, rules, { dryRun: true })), gone);
      assert.equal(place.store.served.tags('team/app', { limit: 9 }).length, TAGS.length);
      assert.deepEqual(names(await apply(place.store, rules)), gone);
      const left = TAGS.map(({ tag }) => tag).filter((tag) => !gone.includes(tag));
      assert.deepEqual(
        place.store.served.tags('team/app', { limit: 9 }).map(({ tag }) => tag),
        left.sort(),
      );
    });
  }

  it('protected tags stay, immutable ones go', async () => {
    await using place = await temporaryStore();
    await filled(place.store, TAGS);
    const rule = (tags: string, isProtected: boolean): TagRule => ({
      repositories: '**',
      tags,
      isImmutable: !isProtected,
      isProtected,
    });
    const removed = await apply(place.store, [{ keepLast: 0 }], {
      tags: [rule('v1', true), rule('v2', false)],
    });
    assert.deepEqual(names(removed), ['dev-1', 'v2', 'v3', 'v4']);
  });

  it('says why', async () => {
    await using place = await temporaryStore();
    await filled(place.store, TAGS.slice(0, 2));
    const [removal] = await apply(place.store, [{ keepLast: 1, pulledWithinMs: 30 * DAY_MS }]);
    assert.equal(
      removal?.why,
      'pushed 90 days ago, never pulled; kept are the last 1, and those pulled within 30d',
    );
  });
});

describe('with its last tag an image goes', () => {
  it('blobs included, at the next gc; a second tag keeps it', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const repository = store.repository({ space: 'registry', name: 'app', lease });
    const [once, twice] = [await sampleImage(), await sampleImage()];
    await putImage(repository, once, 'old-1');
    await putImage(repository, twice, 'old-2');
    await repository.putManifest(twice.manifest, { tag: 'new' });
    await apply(store, [{ tags: 'old-*', keepLast: 0 }]);
    await lease[Symbol.asyncDispose]();
    const expected = [once.manifest, ...once.blobs].map(({ digest }) => digest).sort();
    assert.deepEqual((await store.gc()).removed, expected);
  });

  it('an index takes its images along, and signatures go with what they are about', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const repository = store.repository({ space: 'registry', name: 'app', lease });
    const { images, manifest } = await sampleIndex();
    for (const image of images) await putImage(repository, image);
    await repository.putManifest(manifest, { tag: 'multi' });
    const config = sampleBlob(Buffer.from('{}'));
    await putBlob(repository.blobs, config);
    const descriptor = {
      mediaType: 'application/vnd.oci.empty.v1+json',
      digest: config.digest,
      size: 2,
    };
    const signature = encodeArtifact({
      artifactType: 'application/x-signature',
      config: descriptor,
      layers: [],
      subject: descriptorOf(manifest),
    });
    await repository.putManifest(signature);
    assert.deepEqual(store.served.loose('app', { limit: 99 }).manifests, []);
    await apply(store, [{ keepLast: 0 }]);
    assert.deepEqual(store.served.manifests('app'), []);
  });

  it('a tag that was pushed again since the list was made stays', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await filled(store, [{ tag: 'v1', pushedDays: 90 }]);
    const [seen] = store.served.tags('team/app', { limit: 1 });
    assert.ok(seen);
    await using lease = await store.lease({ purpose: 'test' });
    const repository = store.repository({ space: 'registry', name: 'team/app', lease });
    await repository.putManifest(await repository.getManifest('v1'), { tag: 'v1' });
    assert.equal(store.served.removeTag('team/app', seen), false);
    assert.ok(await repository.resolve('v1'));
  });
});

describe('manifests without a tag', () => {
  it('go when they are old and were not pulled; the longest of several rules counts', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await filled(store, [
      { tag: 'a', pushedDays: 10 },
      { tag: 'b', pushedDays: 10, pulledDays: 1 },
      { tag: 'c', pushedDays: 1 },
      { tag: 'd', pushedDays: 10 },
    ]);
    using raw = new Metadata(store.paths.database);
    const [gone] = store.served.tags('team/app', { limit: 1 });
    raw.run("DELETE FROM tags WHERE tag <> 'd'");
    assert.deepEqual(await apply(store, [{ untaggedMs: DAY_MS }, { untaggedMs: 20 * DAY_MS }]), []);
    assert.deepEqual(await apply(store, [{ untaggedMs: 7 * DAY_MS }]), [
      {
        repository: 'team/app',
        digest: gone?.digest,
        why: 'has had no tag, and was not pulled, for 7d',
      },
    ]);
    assert.equal(store.served.manifests('team/app').length, 3);
  });
});
