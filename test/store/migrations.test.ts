/**
 * Databases of former versions, made with the SQL they were made with, opened by today's code: every
 * row is still there and means the same.
 */
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import type { Lease } from '#store/leases.ts';
import { MIGRATIONS } from '#store/metadata-schema.ts';
import { currentOwner } from '#store/process-owner.ts';
import { putBlob, sampleImage, sampleLayer } from '#test/helpers/images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

const REPOSITORY = 'docker.io/library/app';
const PUT_AT_MS = 1_767_322_800_000;
const MADE_AT_MS = Date.parse('2026-01-02T03:04:05Z');

describe('a database of', () => {
  for (let version = 1; version < MIGRATIONS.length; version += 1) {
    it(`version ${version} opens, with all it says`, async () => {
      await using place = await temporaryStore();
      const { store } = place;
      const [image, layer] = [await sampleImage(), await sampleLayer()];
      for (const blob of [...image.blobs, layer, image.manifest]) {
        await putBlob(store.blobs(NO_LEASE), blob);
      }
      const old = oldDatabase(store.paths.database, version);
      fill(old, image.manifest, layer.diffId);
      old.close();
      assert.deepEqual(store.images.list(), [
        {
          repository: REPOSITORY,
          digest: image.manifest.digest,
          mediaType: image.manifest.mediaType,
          size: image.manifest.bytes.byteLength,
          putAtMs: PUT_AT_MS,
          tags: ['1'],
          aliases: [digestOf('alias')],
        },
      ]);
      await using lease = await store.lease({ purpose: 'test' });
      await store.layers.ensure({ descriptor: layer.descriptor, diffId: layer.diffId }, { lease });
      const before = Date.now();
      assert.deepEqual(store.records.find('key'), {
        key: 'key',
        diffId: layer.diffId,
        createdAt: '2026-01-02T03:04:05Z',
        madeAtMs: MADE_AT_MS,
        description: 'RUN x',
        extra: { a: [1] },
      });
      const { cache } = await store.usage({ choose: () => undefined });
      assert.ok(cache[0] && cache[0].usedAtMs >= before && cache[0].uses === 1);
      const held = await store.holders(image.imageId);
      assert.deepEqual(
        held.holders.map(({ kind }) => kind),
        ['name', 'lease', 'link'],
      );
      assert.deepEqual((await store.gc()).removed, []);
      assert.deepEqual((await store.check()).problems, []);
    });
  }

  it('an old record counts as used when it was taken over, so that nothing goes early', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const old = oldDatabase(store.paths.database, 2);
    old.exec("INSERT INTO records VALUES ('key', NULL, '2020-01-01T00:00:00Z', 'RUN x', NULL)");
    old.close();
    const usedBeforeMs = Date.now() - 60_000;
    assert.deepEqual((await store.prune({ cache: { all: true, usedBeforeMs } })).cache, []);
    assert.ok(store.records.find('key'));
  });
});

/** As that version's code made it. */
function oldDatabase(path: string, version: number): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL');
  for (const migration of MIGRATIONS.slice(0, version)) database.exec(migration);
  database.exec(`PRAGMA user_version = ${version}`);
  return database;
}

/** A row in every table of version 1. */
function fill(
  database: DatabaseSync,
  manifest: Awaited<ReturnType<typeof sampleImage>>['manifest'],
  diffId: string,
): void {
  const insert = (table: string, ...values: readonly (string | number)[]): void => {
    const places = values.map(() => '?').join(', ');
    database.prepare(`INSERT INTO ${table} VALUES (${places})`).run(...values);
  };
  const { digest, mediaType, bytes } = manifest;
  const config = JSON.parse(Buffer.from(bytes).toString('utf8')).config.digest;
  insert(
    'manifests (space, repository, digest, media_type, size, put_at_ms)',
    ...['images', REPOSITORY, digest, mediaType, bytes.byteLength, PUT_AT_MS],
  );
  // Of version 10, taken over from one before that: what the manifest needs is read by gc.
  const isTaken = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'unread_manifests'");
  if (isTaken.get() !== undefined) insert('unread_manifests', 'images', REPOSITORY, digest);
  insert('tags (space, repository, tag, digest)', 'images', REPOSITORY, '1', digest);
  insert('aliases', REPOSITORY, digestOf('alias'), digest);
  insert('links (repository, digest, linked_at_ms)', 'app', config, Date.now());
  insert(
    'records (key, diff_id, created_at, description, extra)',
    'key',
    diffId,
    '2026-01-02T03:04:05Z',
    'RUN x',
    '{"a":[1]}',
  );
  // Since version 12; what was there before is given it by that migration.
  const columns = database.prepare("SELECT name FROM pragma_table_info('records')").all();
  if (columns.some(({ name }) => name === 'made_at_ms')) {
    database.prepare('UPDATE records SET made_at_ms = ?').run(MADE_AT_MS);
  }
  insert('uploads', 'id', 'app', 'sha256', Date.now());
  insert('leases', 'lease', 'pull', currentOwner(), 0);
  insert('holds', 'lease', config);
}

/** Holds nothing, and so leaves the database unopened. */
const NO_LEASE: Lease = {
  id: '',
  purpose: 'test',
  hold: () => {},
  [Symbol.asyncDispose]: async () => {},
};
