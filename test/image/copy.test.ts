/** copyImage between repositories in memory: what arrives, in which order, and what does not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pLimit from 'p-limit';
import type { Digest } from '#core/digest.ts';
import type { TransferEvent } from '#core/events.ts';
import type { BlobMounter, BlobStore, Repository } from '#core/repository.ts';
import { type CopyOptions, copyImage } from '#image/copy.ts';
import { MemoryRepository } from '#store/memory-repository.ts';
import { putBlob, putImage, putIndex, sampleImage, sampleIndex } from '#test/helpers/images.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };

describe('copyImage', () => {
  it('copies manifest and blobs, and sets the tag', async () => {
    const [from, to] = [new MemoryRepository(), new MemoryRepository()];
    const image = await sampleImage();
    await putImage(from, image, 'v1');
    const result = await copy({ from, selector: 'v1', to, tag: 'v2' });
    assert.equal(result.manifest.digest, image.manifest.digest);
    assert.deepEqual(result.source, result.manifest);
    assert.equal(result.transferred, 3);
    assert.deepEqual(await Array.fromAsync(to.tags()), ['v2']);
    for (const { digest } of image.blobs) assert.ok(await to.blobs.stat(digest));
  });

  it('an index comes whole, children by digest', async () => {
    const [from, to] = [new MemoryRepository(), new MemoryRepository()];
    const index = await sampleIndex();
    await putIndex(from, index, 'v1');
    await copy({ from, selector: 'v1', to, tag: 'v1' });
    assert.equal((await to.resolve('v1')).digest, index.manifest.digest);
    for (const { manifest } of index.images) assert.ok(await to.resolve(manifest.digest));
  });

  it('with a platform only its image comes, and the tag points at it', async () => {
    const [from, to] = [new MemoryRepository(), new MemoryRepository()];
    const index = await sampleIndex();
    await putIndex(from, index, 'v1');
    const result = await copy({ from, selector: 'v1', to, tag: 'v1', platform: AMD64 });
    const [amd64, arm64] = index.images;
    assert.ok(amd64 && arm64);
    assert.equal(result.source.digest, index.manifest.digest);
    assert.equal(result.manifest.digest, amd64.manifest.digest);
    assert.equal((await to.resolve('v1')).digest, amd64.manifest.digest);
    assert.equal(await to.blobs.stat(arm64.imageId), undefined);
  });

  it('a platform that is not there: PLATFORM_UNKNOWN, nothing moved', async () => {
    const [from, to] = [new MemoryRepository(), new MemoryRepository()];
    await putIndex(from, await sampleIndex(), 'v1');
    const platform = { os: 'linux', architecture: 's390x' };
    await assert.rejects(copy({ from, selector: 'v1', to, platform }), {
      code: 'PLATFORM_UNKNOWN',
    });
  });

  it('what is there already is not sent again', async () => {
    const [from, to] = [new MemoryRepository(), new MemoryRepository()];
    const image = await sampleImage();
    await putImage(from, image, 'v1');
    const there = image.blobs[1];
    assert.ok(there);
    await putBlob(to.blobs, there);
    const events: TransferEvent[] = [];
    const result = await copy({ from, selector: 'v1', to, events: recordIn(events) });
    assert.equal(result.transferred, 2);
    assert.deepEqual(statesOf(events, there.digest), ['waiting', 'exists']);
    assert.equal((await copy({ from, selector: 'v1', to })).transferred, 0);
  });

  it('events of a sent blob: waiting, transferring from 0 to its size, done', async () => {
    const [from, to] = [new MemoryRepository(), new MemoryRepository()];
    const image = await sampleImage({ layers: 1 });
    await putImage(from, image, 'v1');
    const events: TransferEvent[] = [];
    await copy({ from, selector: 'v1', to, events: recordIn(events), direction: 'push' });
    const layer = image.layers[0];
    assert.ok(layer);
    const own = events.filter(({ digest }) => digest === layer.digest);
    const size = layer.bytes.byteLength;
    assert.deepEqual(
      own.map(({ direction, state, current, total }) => [direction, state, current, total]),
      [
        ['push', 'waiting', 0, size],
        ['push', 'transferring', 0, size],
        ['push', 'transferring', size, size],
        ['push', 'done', size, size],
      ],
    );
  });

  it('events say which blob is the config', async () => {
    const [from, to] = [new MemoryRepository(), new MemoryRepository()];
    const image = await sampleImage();
    await putImage(from, image, 'v1');
    const events: TransferEvent[] = [];
    await copy({ from, selector: 'v1', to, events: recordIn(events) });
    const roles = new Map(events.map(({ digest, role }) => [digest, role]));
    assert.deepEqual(
      roles,
      new Map(
        image.blobs.map(({ digest }) => [digest, digest === image.imageId ? 'config' : 'layer']),
      ),
    );
  });

  it('a place that can mount gets no bytes', async () => {
    const [from, to] = [new MemoryRepository(), new MemoryRepository()];
    const image = await sampleImage();
    await putImage(from, image, 'v1');
    const asked: (string | undefined)[] = [];
    const mounting = withBlobs(to, {
      ...blobsOf(to),
      mount: async (digest: Digest, options: { from?: string } = {}) => {
        asked.push(options.from);
        const blob = image.blobs.find((one) => one.digest === digest);
        if (blob) await putBlob(to.blobs, blob);
        return blob !== undefined;
      },
      ingest: () => Promise.reject(new Error('bytes were sent')),
    });
    const events: TransferEvent[] = [];
    const more = { mountFrom: () => 'library/base', events: recordIn(events) };
    await copy({ from, selector: 'v1', to: mounting, tag: 'v1', ...more });
    assert.deepEqual(asked, ['library/base', 'library/base', 'library/base']);
    assert.deepEqual(statesOf(events, image.imageId), ['waiting', 'mounted']);
  });

  it('a blob missing at the source: BLOB_UNKNOWN, no manifest and no tag', async () => {
    const [from, to] = [new MemoryRepository(), new MemoryRepository()];
    const image = await sampleImage();
    await putImage(from, image, 'v1');
    await from.blobs.delete?.(image.layers[0]?.digest ?? image.imageId);
    await assert.rejects(copy({ from, selector: 'v1', to, tag: 'v1' }), { code: 'BLOB_UNKNOWN' });
    await assert.rejects(to.resolve('v1'), { code: 'MANIFEST_UNKNOWN' });
  });

  it('a source that gives other bytes: DIGEST_MISMATCH, nothing stored', async () => {
    const [from, to] = [new MemoryRepository(), new MemoryRepository()];
    const image = await sampleImage({ layers: 1 });
    await putImage(from, image, 'v1');
    const lying = withBlobs(from, {
      ...blobsOf(from),
      async *read(digest: Digest) {
        for await (const chunk of from.blobs.read(digest)) yield chunk.map((byte) => byte ^ 1);
      },
    });
    await assert.rejects(copy({ from: lying, selector: 'v1', to, tag: 'v1' }), {
      code: 'DIGEST_MISMATCH',
    });
    for (const { digest } of image.blobs) assert.equal(await to.blobs.stat(digest), undefined);
  });

  it('an aborted copy rejects and sets no tag', async () => {
    const [from, to] = [new MemoryRepository(), new MemoryRepository()];
    await putImage(from, await sampleImage(), 'v1');
    const stop = new AbortController();
    const events = (): void => stop.abort(new Error('enough'));
    await assert.rejects(
      copy({ from, selector: 'v1', to, tag: 'v1', events, signal: stop.signal }),
      /enough/,
    );
    assert.deepEqual(await Array.fromAsync(to.tags()), []);
  });
});

function copy(options: Partial<CopyOptions> & Pick<CopyOptions, 'from' | 'to' | 'selector'>) {
  return copyImage({ direction: 'pull', limit: pLimit(2), ...options });
}

function recordIn(events: TransferEvent[]) {
  return (event: { kind: string }): void => {
    if (isTransfer(event)) events.push(event);
  };
}

function isTransfer(event: { kind: string }): event is TransferEvent {
  return event.kind === 'transfer';
}

function statesOf(events: readonly TransferEvent[], digest: Digest): readonly string[] {
  return events.filter((event) => event.digest === digest).map(({ state }) => state);
}

function blobsOf(repository: Repository): BlobStore {
  const { blobs } = repository;
  return {
    stat: (digest) => blobs.stat(digest),
    read: (digest, options) => blobs.read(digest, options),
    ingest: (expected) => blobs.ingest(expected),
  };
}

function withBlobs(
  repository: Repository,
  blobs: BlobStore | (BlobStore & BlobMounter),
): Repository {
  return {
    blobs,
    resolve: (selector) => repository.resolve(selector),
    getManifest: (selector) => repository.getManifest(selector),
    putManifest: (raw, options) => repository.putManifest(raw, options),
    tags: () => repository.tags(),
  };
}
