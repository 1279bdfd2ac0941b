/** Upload sessions: appended, resumed by another process, cancelled, committed, abandoned. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { digestOf, parseDigest } from '#core/digest.ts';
import { LocalStore } from '#store/local-store.ts';
import { UPLOAD_TTL_MS } from '#store/uploads.ts';
import { collect } from '#test/helpers/images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

const repository = 'team/app';

describe('upload sessions', () => {
  it('chunks become a blob that the repository shows', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const upload = await store.uploads.create({ repository });
    assert.equal(await upload.offset(), 0);
    assert.equal(await upload.append(chunks('hello '), { at: 0 }), 6);
    assert.equal(await upload.append(chunks('wor', 'ld')), 11);
    const digest = digestOf('hello world');
    assert.deepEqual(await upload.commit({ digest, size: 11 }, lease), { digest, size: 11 });
    const { blobs } = store.repository({ space: 'registry', name: repository, lease });
    assert.equal((await collect(blobs.read(digest))).toString(), 'hello world');
    const other = store.repository({ space: 'registry', name: 'other', lease });
    assert.equal(await other.blobs.stat(digest), undefined);
    await assert.rejects(upload.offset(), { code: 'UPLOAD_UNKNOWN' });
    assert.deepEqual(await readdir(store.paths.uploads), []);
  });

  it('goes on after a restart: another store object, the hash computed from the file', async () => {
    await using place = await temporaryStore();
    const bytes = randomBytes(3_000_000);
    const begun = await place.store.uploads.create({ repository });
    await begun.append(chunks(bytes.subarray(0, 2_000_000)));
    await using store = await LocalStore.open({ root: place.root });
    await using lease = await store.lease({ purpose: 'test' });
    const upload = await store.uploads.open({ repository, id: begun.id });
    assert.equal(await upload.offset(), 2_000_000);
    await upload.append(chunks(bytes.subarray(2_000_000)), { at: 2_000_000 });
    const digest = digestOf(bytes);
    assert.deepEqual(await upload.commit({ digest }, lease), { digest, size: bytes.length });
  });

  it('a chunk that does not start where it stands: UPLOAD_RANGE, nothing appended', async () => {
    await using place = await temporaryStore();
    const upload = await place.store.uploads.create({ repository });
    await upload.append(chunks('abc'));
    for (const at of [0, 2, 4]) {
      await assert.rejects(upload.append(chunks('x'), { at }), { code: 'UPLOAD_RANGE' });
    }
    assert.equal(await upload.offset(), 3);
  });

  it('two requests at once: the second one is refused', async () => {
    await using place = await temporaryStore();
    const upload = await place.store.uploads.create({ repository });
    const gate = Promise.withResolvers<void>();
    async function* slow(): AsyncIterable<Uint8Array> {
      yield Buffer.from('a');
      await gate.promise;
      yield Buffer.from('b');
    }
    const first = upload.append(slow());
    await assert.rejects(upload.append(chunks('x')), { code: 'UPLOAD_RANGE' });
    gate.resolve();
    assert.equal(await first, 2);
  });

  it('what arrived before a broken connection stays, and the digest is still right', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const upload = await store.uploads.create({ repository });
    async function* broken(): AsyncIterable<Uint8Array> {
      yield Buffer.from('abc');
      throw new Error('connection lost');
    }
    await assert.rejects(upload.append(broken()), /connection lost/);
    assert.equal(await upload.offset(), 3);
    await upload.append(chunks('def'), { at: 3 });
    await upload.commit({ digest: digestOf('abcdef') }, lease);
  });

  it('a wrong digest or size: refused, the session stays and can end well', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const upload = await store.uploads.create({ repository });
    await upload.append(chunks('abc'));
    const digest = digestOf('abc');
    await assert.rejects(upload.commit({ digest: digestOf('x') }, lease), {
      code: 'DIGEST_MISMATCH',
    });
    await assert.rejects(upload.commit({ digest, size: 4 }, lease), { code: 'SIZE_MISMATCH' });
    await upload.commit({ digest, size: 3 }, lease);
  });

  it('a sha512 digest, announced or not', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    for (const [i, algorithm] of (['sha512', 'sha256'] as const).entries()) {
      const upload = await store.uploads.create({ repository, algorithm });
      const text = `content ${i}`;
      await upload.append(chunks(text));
      const hex = createHash('sha512').update(text).digest('hex');
      const digest = parseDigest(`sha512:${hex}`);
      assert.deepEqual(await upload.commit({ digest }, lease), { digest, size: text.length });
    }
  });

  it('a cancelled session is gone; so is one of another repository or none', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const upload = await store.uploads.create({ repository });
    const { id } = upload;
    await assert.rejects(store.uploads.open({ repository: 'other', id }), {
      code: 'UPLOAD_UNKNOWN',
    });
    assert.equal(await upload.cancel(), true);
    assert.equal(await upload.cancel(), false);
    await assert.rejects(store.uploads.open({ repository, id }), { code: 'UPLOAD_UNKNOWN' });
    await assert.rejects(store.uploads.open({ repository, id: '../x' }), {
      code: 'UPLOAD_UNKNOWN',
    });
    assert.deepEqual(await readdir(store.paths.uploads), []);
  });

  it('gc removes a session that nobody touched for a week, and no younger one', async (t) => {
    await using place = await temporaryStore();
    const { store } = place;
    await store.uploads.create({ repository });
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + UPLOAD_TTL_MS + 1000 });
    const young = await store.uploads.create({ repository });
    await store.gc();
    assert.deepEqual(await readdir(store.paths.uploads), [young.id]);
  });
});

async function* chunks(...parts: readonly (string | Uint8Array)[]): AsyncIterable<Uint8Array> {
  for (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : part;
}
