/** The database: migrations, versions, transactions, errors; and records and leases in it. */
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { LocalStore } from '#store/local-store.ts';
import { Metadata } from '#store/metadata.ts';
import { currentOwner } from '#store/process-owner.ts';
import { putBlob, sampleLayer } from '#test/helpers/images.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

/** When a record's image says that it was made, and when it was. */
const TIMES = { createdAt: '2026-01-02T03:04:05Z', madeAtMs: 1_767_322_800_000 };

describe('metadata.db', () => {
  it('is not opened before somebody asks', async () => {
    await using place = await temporaryStore();
    assert.equal(existsSync(place.store.paths.database), false);
    assert.deepEqual(place.store.images.list(), []);
    assert.equal(existsSync(place.store.paths.database), true);
  });

  it('is closed with the store, unless the process ends with it: then the next one goes on with its log', async () => {
    using folder = tempFolder();
    const root = folder.at('store');
    const log = `${root}/metadata.db-wal`;
    const tag = async (name: string, endsWithProcess: boolean): Promise<void> => {
      await using store = await LocalStore.open({ root, endsWithProcess });
      await using lease = await store.lease({ purpose: name });
      lease.hold(digestOf(name));
      store.records.save({ key: name, createdAt: '', description: name });
    };
    await tag('first', true);
    assert.ok(statSync(log).size > 0);
    await tag('second', true);
    await using store = await LocalStore.open({ root });
    assert.equal(store.records.find('first')?.description, 'first');
    assert.equal(store.records.find('second')?.description, 'second');
  });

  it('of a newer Slipway: STORE_VERSION', async () => {
    await using place = await temporaryStore();
    const database = new DatabaseSync(place.store.paths.database);
    database.exec('PRAGMA user_version = 999');
    database.close();
    assert.throws(() => place.store.images.list(), { code: 'STORE_VERSION' });
  });

  it('that is no database: STORE_BROKEN', async () => {
    await using place = await temporaryStore();
    await writeFile(place.store.paths.database, 'this is not a database, by any means'.repeat(100));
    assert.throws(() => place.store.images.list(), { code: 'STORE_BROKEN' });
  });

  it('a transaction that throws changes nothing; nested ones join', () => {
    using folder = tempFolder();
    using metadata = new Metadata(folder.at('metadata.db'));
    const insert = (id: string): void =>
      void metadata.run('INSERT INTO leases VALUES (?, ?, ?, ?)', id, 'p', 'o', 0);
    assert.throws(() =>
      metadata.transaction(() => {
        metadata.transaction(() => insert('a'));
        throw new Error('no');
      }),
    );
    assert.deepEqual(metadata.all('SELECT id FROM leases'), []);
    metadata.transaction(() => insert('b'), { durable: true });
    assert.equal(metadata.all('SELECT id FROM leases').length, 1);
  });

  it('two connections see each other’s commits', async () => {
    await using place = await temporaryStore();
    await using other = await LocalStore.open({ root: place.root });
    const record = { ...TIMES, key: 'k', description: 'x' };
    place.store.records.save(record);
    assert.deepEqual(other.records.find('k'), record);
  });
});

describe('cache records', () => {
  it('come back whole; saving again replaces', async () => {
    await using place = await temporaryStore();
    const { records } = place.store;
    const base = { ...TIMES, key: 'k', description: 'COPY . .' };
    assert.equal(records.find('k'), undefined);
    records.save(base);
    records.save({ ...base, extra: { workdir: '/a', list: [1, null] } });
    assert.deepEqual(records.find('k'), { ...base, extra: { workdir: '/a', list: [1, null] } });
  });

  it('a record whose layer is lost is none; found with a lease, its layer is held', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const layer = await sampleLayer();
    const record = {
      ...TIMES,
      key: 'k',
      diffId: layer.diffId,
      description: 'RUN x',
    };
    store.records.save({ ...record, key: 'lost', diffId: digestOf('lost') });
    assert.equal(store.records.find('lost'), undefined);
    await using lease = await store.lease({ purpose: 'test' });
    await putBlob(store.blobs(lease), layer);
    await store.layers.ensure(layer, { lease });
    store.records.save(record);
    assert.deepEqual(store.records.find('k', lease), record);
  });
});

describe('leases', () => {
  it('of a dead process end at once, of an unseen one when they expire', async () => {
    await using place = await temporaryStore();
    const { database } = place.store.paths;
    place.store.images.list();
    const [boot, namespace] = currentOwner().split('.');
    const day = Date.now() + 24 * 3600 * 1000;
    const owners: readonly (readonly [string, string, number])[] = [
      ['alive', currentOwner(), 0],
      ['reused pid', `${boot}.${namespace}.${process.pid}.1`, day],
      ['other boot', `0-0.${namespace}.${process.pid}.1`, day],
      ['unseen', `${boot}.1.${process.pid}.1`, day],
      ['unseen and expired', `${boot}.1.${process.pid}.1`, 0],
    ];
    using raw = new Metadata(database);
    for (const [id, owner, expires] of owners) {
      raw.run('INSERT INTO leases VALUES (?, ?, ?, ?)', id, 'test', owner, expires);
      raw.run('INSERT INTO holds VALUES (?, ?)', id, digestOf(id));
    }
    await place.store.gc();
    const left = raw.all('SELECT id FROM leases ORDER BY id').map(({ id }) => id);
    assert.deepEqual(left, ['alive', 'unseen']);
    assert.equal(raw.all('SELECT * FROM holds').length, 2);
  });

  it('a lease that holds nothing writes nothing', async () => {
    await using place = await temporaryStore();
    await using _lease = await place.store.lease({ purpose: 'test' });
    assert.equal(existsSync(place.store.paths.database), false);
  });
});
