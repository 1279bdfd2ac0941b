/** Blobs fetched into the store: resumed, shared, checked, and opened on the way. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { digestOf } from '#core/digest.ts';
import { OCI_LAYER, OCI_LAYER_GZIP } from '#core/media-type.ts';
import type { BlobSource, ReadOptions } from '#core/repository.ts';
import { PARTIAL_TTL_MS, SEGMENT_BYTES } from '#store/partial-file.ts';
import { collect, sampleBlob, sampleLayer } from '#test/helpers/images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

function giving(bytes: Uint8Array, asked: ReadOptions[] = []): BlobSource {
  return async function* (part) {
    asked.push(part);
    const { offset, length } = part.range ?? { offset: 0 };
    yield bytes.subarray(offset, length && offset + length);
  };
}

describe('receive', () => {
  it('a gzip layer is here as blob, tar and index, and needs no inflating', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const layer = await sampleLayer({ codec: 'gzip', fileSize: 300_000 });
    await using lease = await store.lease({ purpose: 'test' });
    const blobs = store.arrivingBlobs(lease);
    await blobs.receive(layer.descriptor, giving(layer.bytes));
    assert.deepEqual(blobs.arrived.get(layer.digest), { diffId: layer.diffId });
    assert.ok(store.layers.files(layer.diffId));
    assert.deepEqual(store.layers.compressed(layer.diffId, 'gzip'), layer.descriptor);
    assert.equal(digestOf(await collect(blobs.read(layer.diffId))), layer.diffId);
    assert.ok((await collect(blobs.read(layer.digest))).equals(layer.bytes));
    assert.deepEqual(readdirSync(store.paths.partials), []);
  });

  it('a plain layer is its own tar', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const layer = await sampleLayer();
    await using lease = await store.lease({ purpose: 'test' });
    const blobs = store.arrivingBlobs(lease);
    await blobs.receive(layer.descriptor, giving(layer.bytes));
    assert.ok(store.layers.files(layer.diffId));
  });

  for (const [what, mediaType, bytes] of [
    ['no tar', OCI_LAYER, Buffer.from('just text, as oras sends it')],
    ['no gzip', OCI_LAYER_GZIP, Buffer.from('just text')],
    ['a cut gzip', OCI_LAYER_GZIP, gzipSync(randomBytes(90_000)).subarray(0, 50_000)],
  ] as const) {
    it(`what comes as a layer and is ${what} is a blob all the same`, async () => {
      await using place = await temporaryStore();
      await using lease = await place.store.lease({ purpose: 'test' });
      const blobs = place.store.arrivingBlobs(lease);
      const { digest } = sampleBlob(bytes);
      await blobs.receive({ digest, size: bytes.byteLength, mediaType }, giving(bytes));
      assert.ok((await collect(blobs.read(digest))).equals(bytes));
      const arrived = blobs.arrived.get(digest);
      assert.ok(arrived && arrived.diffId === undefined && arrived.refusal.code);
    });
  }

  it('other bytes: DIGEST_MISMATCH, and nothing stays', async () => {
    await using place = await temporaryStore();
    await using lease = await place.store.lease({ purpose: 'test' });
    const blobs = place.store.arrivingBlobs(lease);
    const digest = digestOf('expected');
    await assert.rejects(blobs.receive({ digest, size: 8 }, giving(Buffer.from('unwanted'))), {
      code: 'DIGEST_MISMATCH',
    });
    assert.equal(await blobs.stat(digest), undefined);
    assert.deepEqual(readdirSync(place.store.paths.partials), []);
  });

  it('other bytes from a place that has others behind it: the next is asked, and nothing of the first stays', async () => {
    await using place = await temporaryStore();
    await using lease = await place.store.lease({ purpose: 'test' });
    const blobs = place.store.arrivingBlobs(lease);
    const bytes = Buffer.from('expected');
    const places = [Buffer.from('unwanted'), bytes.subarray(0, 3), bytes];
    const onDamage = (): boolean => places.shift() !== undefined;
    const digest = digestOf(bytes);
    await blobs.receive({ digest, size: 8 }, (how) => giving(places[0] ?? Buffer.of())(how), {
      onDamage,
    });
    assert.deepEqual(await collect(blobs.read(digest)), bytes);
    assert.equal(places.length, 1);
  });

  it('what an earlier attempt left is used; when it is damaged, all comes again', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const bytes = randomBytes(2 * SEGMENT_BYTES);
    const { digest } = sampleBlob(bytes);
    const blob = { digest, size: bytes.byteLength };
    const cut: BlobSource = async function* () {
      yield bytes.subarray(0, 1000);
      throw new Error('cut');
    };
    for (const isDamaged of [false, true]) {
      await using lease = await store.lease({ purpose: 'test' });
      const blobs = store.arrivingBlobs(lease);
      await assert.rejects(blobs.receive(blob, cut), /cut/);
      if (isDamaged) writeFileSync(store.paths.partial(digest), Buffer.alloc(1000));
      const asked: ReadOptions[] = [];
      await blobs.receive(blob, giving(bytes, asked));
      assert.deepEqual(
        asked.map(({ range }) => range?.offset),
        isDamaged ? [1000, 0] : [1000],
      );
      assert.ok((await collect(blobs.read(digest))).equals(bytes));
      await lease[Symbol.asyncDispose]();
      await store.gc();
    }
  });

  it('a registry that gives nothing from there on is asked for all', async () => {
    await using place = await temporaryStore();
    const bytes = randomBytes(2 * SEGMENT_BYTES);
    const { digest } = sampleBlob(bytes);
    const blob = { digest, size: bytes.byteLength };
    await using lease = await place.store.lease({ purpose: 'test' });
    const blobs = place.store.arrivingBlobs(lease);
    const cut: BlobSource = async function* () {
      yield bytes.subarray(0, 1000);
      throw new Error('cut');
    };
    await assert.rejects(blobs.receive(blob, cut), /cut/);
    await blobs.receive(blob, async function* ({ range }) {
      if (range?.offset === 0) yield bytes;
    });
    assert.ok((await collect(blobs.read(digest))).equals(bytes));
  });

  it('a size that no blob has is refused before anything is asked for', async () => {
    await using place = await temporaryStore();
    await using lease = await place.store.lease({ purpose: 'test' });
    const asked: ReadOptions[] = [];
    const huge = { digest: digestOf('huge'), size: Number.MAX_SAFE_INTEGER };
    const receiving = place.store.arrivingBlobs(lease).receive(huge, giving(Buffer.of(), asked));
    await assert.rejects(receiving, { code: 'MANIFEST_INVALID' });
    assert.deepEqual(asked, []);
  });

  it('two at once fetch it once', async () => {
    await using place = await temporaryStore();
    const { digest, bytes } = sampleBlob(randomBytes(100_000));
    const blob = { digest, size: bytes.byteLength };
    const asked: ReadOptions[] = [];
    const open = Promise.withResolvers<void>();
    const source: BlobSource = async function* (part) {
      await open.promise;
      yield* giving(bytes, asked)(part);
    };
    await using a = await place.store.lease({ purpose: 'a' });
    await using b = await place.store.lease({ purpose: 'b' });
    const both = [a, b].map((lease) => place.store.arrivingBlobs(lease).receive(blob, source));
    open.resolve();
    await Promise.all(both);
    assert.equal(asked.length, 1);
  });

  it('when the first one fails, the one that waited takes over', async () => {
    await using place = await temporaryStore();
    const { digest, bytes } = sampleBlob(randomBytes(100_000));
    const blob = { digest, size: bytes.byteLength };
    await using lease = await place.store.lease({ purpose: 'test' });
    const open = Promise.withResolvers<void>();
    const failing: BlobSource = async function* () {
      yield bytes.subarray(0, 10);
      await open.promise;
      throw new Error('cut');
    };
    const asked: ReadOptions[] = [];
    const first = place.store.arrivingBlobs(lease).receive(blob, failing);
    const second = place.store.arrivingBlobs(lease).receive(blob, giving(bytes, asked));
    open.resolve();
    await assert.rejects(first, /cut/);
    await second;
    assert.deepEqual(
      asked.map(({ range }) => range?.offset),
      [10],
    );
  });

  it('an abort while somebody else fetches ends the waiting', async () => {
    await using place = await temporaryStore();
    const { digest, bytes } = sampleBlob();
    const blob = { digest, size: bytes.byteLength };
    await using lease = await place.store.lease({ purpose: 'test' });
    const open = Promise.withResolvers<void>();
    const first = place.store.arrivingBlobs(lease).receive(blob, async function* () {
      await open.promise;
      yield bytes;
    });
    const abort = new AbortController();
    const second = place.store.arrivingBlobs(lease).receive(blob, giving(bytes), abort);
    abort.abort();
    await assert.rejects(second, { name: 'AbortError' });
    open.resolve();
    await first;
  });
});

describe('partial downloads', () => {
  it('go with gc a week after they broke off, and not before', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const { digest, bytes } = sampleBlob(randomBytes(5000));
    await using lease = await store.lease({ purpose: 'test' });
    const cut: BlobSource = async function* () {
      yield bytes.subarray(0, 100);
      throw new Error('cut');
    };
    const receiving = store.arrivingBlobs(lease).receive({ digest, size: 5000 }, cut);
    await assert.rejects(receiving, /cut/);
    await store.gc();
    const path = store.paths.partial(digest);
    assert.ok(existsSync(path));
    const old = (Date.now() - PARTIAL_TTL_MS) / 1000 - 10;
    for (const name of readdirSync(store.paths.partials)) {
      utimesSync(`${store.paths.partials}/${name}`, old, old);
    }
    const { freed } = await store.gc();
    assert.equal(freed.partial?.count, 2);
    assert.deepEqual(readdirSync(store.paths.partials), []);
  });
});
