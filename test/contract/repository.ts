/**
 * What every Repository promises (src/core/repository.ts), sentence by sentence. Run it on each
 * implementation: `repositoryContract` on those that take content, `readOnlyRepositoryContract` on
 * those that only give it. Makers give a fresh place per test; what they return is disposed.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { digestOf, parseDigest } from '#core/digest.ts';
import { type ErrorCode, isSlipwayError } from '#core/errors.ts';
import { descriptorOf, encodeImageManifest, encodeIndex } from '#core/manifest.ts';
import { OCI_CONFIG, OCI_MANIFEST } from '#core/media-type.ts';
import { canMount, type Repository } from '#core/repository.ts';
import {
  collect,
  imageOf,
  putBlob,
  putImage,
  putIndex,
  type SampleImage,
  type SampleIndex,
  sampleBlob,
  sampleImage,
  sampleIndex,
  sampleLayer,
} from '#test/helpers/images.ts';

export interface RepositoryUnderTest extends AsyncDisposable {
  readonly repository: Repository;
}

/** What a read-only place has to hold, each under its tag. */
export type SampleContents = readonly {
  readonly tag: string;
  readonly content: SampleImage | SampleIndex;
}[];

export type MakeRepository = () => Promise<RepositoryUnderTest>;
export type MakeFilledRepository = (contents: SampleContents) => Promise<RepositoryUnderTest>;

const ABSENT = digestOf('nobody has this');

/** Runs the whole contract. `makeRepository` gives an empty repository that can be written. */
export function repositoryContract(name: string, makeRepository: MakeRepository): void {
  readOnlyRepositoryContract(name, async (contents) => {
    const place = await makeRepository();
    for (const { tag, content } of contents) {
      if ('images' in content) await putIndex(place.repository, content, tag);
      else await putImage(place.repository, content, tag);
    }
    return place;
  });
  describe(`${name}: writing blobs`, () => writingBlobs(makeRepository));
  describe(`${name}: writing manifests`, () => writingManifests(makeRepository));
  describe(`${name}: removing`, () => removing(makeRepository));
}

/** The reading half. */
export function readOnlyRepositoryContract(name: string, make: MakeFilledRepository): void {
  describe(`${name}: reading blobs`, () => readingBlobs(make));
  describe(`${name}: reading manifests`, () => readingManifests(make));
}

function readingBlobs(make: MakeFilledRepository): void {
  it('stat tells a blob’s size', async () => {
    const image = await sampleImage();
    await using place = await make([{ tag: 'v1', content: image }]);
    for (const { digest, bytes } of image.blobs) {
      assert.deepEqual(await place.repository.blobs.stat(digest), {
        digest,
        size: bytes.byteLength,
      });
    }
  });

  it('stat of a blob that is not here is undefined', async () => {
    await using place = await make([{ tag: 'v1', content: await sampleImage() }]);
    assert.equal(await place.repository.blobs.stat(ABSENT), undefined);
  });

  it('read gives the exact bytes', async () => {
    const image = await sampleImage();
    await using place = await make([{ tag: 'v1', content: image }]);
    for (const { digest, bytes } of image.blobs) {
      assert.deepEqual(await collect(place.repository.blobs.read(digest)), Buffer.from(bytes));
    }
  });

  it('read gives a blob of several megabytes', async () => {
    const image = await sampleImage({ layers: 1, fileSize: 3 * 1024 * 1024 + 7 });
    await using place = await make([{ tag: 'v1', content: image }]);
    const layer = image.layers[0];
    assert.ok(layer);
    const found = await collect(place.repository.blobs.read(layer.digest));
    assert.equal(digestOf(found), layer.digest);
  });

  it('read of a blob that is not here: BLOB_UNKNOWN before the first chunk', async () => {
    await using place = await make([{ tag: 'v1', content: await sampleImage() }]);
    let chunks = 0;
    await rejectsWith('BLOB_UNKNOWN', async () => {
      for await (const _ of place.repository.blobs.read(ABSENT)) chunks += 1;
    });
    assert.equal(chunks, 0);
  });

  it('a range gives that part: from an offset, a length, both, the last byte', async () => {
    const image = await sampleImage({ layers: 1 });
    await using place = await make([{ tag: 'v1', content: image }]);
    const layer = image.layers[0];
    assert.ok(layer);
    const bytes = Buffer.from(layer.bytes);
    const part = (range: { offset: number; length?: number }) =>
      collect(place.repository.blobs.read(layer.digest, { range }));
    assert.deepEqual(await part({ offset: 10 }), bytes.subarray(10));
    assert.deepEqual(await part({ offset: 0, length: 5 }), bytes.subarray(0, 5));
    assert.deepEqual(await part({ offset: 512, length: 100 }), bytes.subarray(512, 612));
    assert.deepEqual(await part({ offset: bytes.length - 1 }), bytes.subarray(-1));
  });

  it('a reader that stops early leaves the place usable', async () => {
    const image = await sampleImage({ layers: 1, fileSize: 3 * 1024 * 1024 });
    await using place = await make([{ tag: 'v1', content: image }]);
    const layer = image.layers[0];
    assert.ok(layer);
    for await (const _ of place.repository.blobs.read(layer.digest)) break;
    assert.equal(digestOf(await collect(place.repository.blobs.read(layer.digest))), layer.digest);
  });

  it('an aborted read rejects', async () => {
    const image = await sampleImage({ layers: 1 });
    await using place = await make([{ tag: 'v1', content: image }]);
    const layer = image.layers[0];
    assert.ok(layer);
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(collect(place.repository.blobs.read(layer.digest, { signal })));
  });
}

function readingManifests(make: MakeFilledRepository): void {
  it('a tag and a digest resolve to the same descriptor', async () => {
    const image = await sampleImage();
    await using place = await make([{ tag: 'v1', content: image }]);
    const expected = descriptorOf(image.manifest);
    for (const selector of ['v1', image.manifest.digest]) {
      const { mediaType, digest, size } = await place.repository.resolve(selector);
      assert.deepEqual({ mediaType, digest, size }, expected);
    }
  });

  it('getManifest gives exact bytes, media type and digest', async () => {
    const image = await sampleImage();
    await using place = await make([{ tag: 'v1', content: image }]);
    for (const selector of ['v1', image.manifest.digest]) {
      const found = await place.repository.getManifest(selector);
      assert.deepEqual(
        { ...found, bytes: Buffer.from(found.bytes) },
        { ...image.manifest, bytes: Buffer.from(image.manifest.bytes) },
      );
    }
  });

  it('an unknown tag or digest: MANIFEST_UNKNOWN', async () => {
    await using place = await make([{ tag: 'v1', content: await sampleImage() }]);
    for (const selector of ['v2', ABSENT]) {
      await rejectsWith('MANIFEST_UNKNOWN', () => place.repository.resolve(selector));
      await rejectsWith('MANIFEST_UNKNOWN', () => place.repository.getManifest(selector));
    }
  });

  it('the digest of a config is not a manifest', async () => {
    const image = await sampleImage();
    await using place = await make([{ tag: 'v1', content: image }]);
    await rejectsWith('MANIFEST_UNKNOWN', () => place.repository.getManifest(image.imageId));
  });

  it('an index resolves, and so do its children', async () => {
    const index = await sampleIndex();
    await using place = await make([{ tag: 'multi', content: index }]);
    assert.equal((await place.repository.resolve('multi')).digest, index.manifest.digest);
    for (const { manifest } of index.images) {
      assert.equal((await place.repository.getManifest(manifest.digest)).digest, manifest.digest);
    }
  });

  it('tags come sorted by bytes', async () => {
    const tags = ['b', 'a', '1.10', '1.9', 'B'];
    const contents: { tag: string; content: SampleImage }[] = [];
    for (const tag of tags) contents.push({ tag, content: await sampleImage({ layers: 1 }) });
    await using place = await make(contents);
    assert.deepEqual(await Array.fromAsync(place.repository.tags()), [
      '1.10',
      '1.9',
      'B',
      'a',
      'b',
    ]);
  });
}

function writingBlobs(make: MakeRepository): void {
  it('commit tells digest and size; the blob is visible then, not before', async () => {
    await using place = await make();
    const { blobs } = place.repository;
    const { digest, bytes } = sampleBlob();
    await using ingest = await blobs.ingest();
    await ingest.write(bytes.subarray(0, 30));
    await ingest.write(bytes.subarray(30));
    assert.equal(await blobs.stat(digest), undefined);
    assert.deepEqual(await ingest.commit(), { digest, size: bytes.byteLength });
    assert.deepEqual(await blobs.stat(digest), { digest, size: bytes.byteLength });
  });

  it('a chunk may be reused once its write has settled', async () => {
    await using place = await make();
    const chunk = Buffer.alloc(10, 'a');
    await using ingest = await place.repository.blobs.ingest();
    await ingest.write(chunk);
    chunk.fill('b');
    await ingest.write(chunk);
    const { digest } = await ingest.commit();
    assert.equal(digest, digestOf('aaaaaaaaaabbbbbbbbbb'));
  });

  it('an empty blob is a blob', async () => {
    await using place = await make();
    const empty = sampleBlob(Buffer.alloc(0));
    await putBlob(place.repository.blobs, empty);
    assert.deepEqual(await place.repository.blobs.stat(empty.digest), {
      digest: empty.digest,
      size: 0,
    });
    assert.equal((await collect(place.repository.blobs.read(empty.digest))).length, 0);
  });

  it('many small writes and one large make one blob', async () => {
    await using place = await make();
    const parts = [...Array(300).keys()].map(() => randomBytes(1000));
    parts.push(randomBytes(2 * 1024 * 1024), randomBytes(3));
    await using ingest = await place.repository.blobs.ingest();
    for (const part of parts) await ingest.write(part);
    const whole = Buffer.concat(parts);
    assert.deepEqual(await ingest.commit(), { digest: digestOf(whole), size: whole.length });
    const found = await collect(place.repository.blobs.read(digestOf(whole)));
    assert.ok(found.equals(whole));
  });

  it('the same content twice is success', async () => {
    await using place = await make();
    const blob = sampleBlob();
    await putBlob(place.repository.blobs, blob);
    await putBlob(place.repository.blobs, blob);
    assert.deepEqual(
      await collect(place.repository.blobs.read(blob.digest)),
      Buffer.from(blob.bytes),
    );
  });

  it('two writers of the same content at once both succeed', async () => {
    await using place = await make();
    const blob = sampleBlob();
    await Promise.all([
      putBlob(place.repository.blobs, blob),
      putBlob(place.repository.blobs, blob),
    ]);
    assert.ok(await place.repository.blobs.stat(blob.digest));
  });

  it('other content than promised: DIGEST_MISMATCH, nothing stored', async () => {
    await using place = await make();
    const { blobs } = place.repository;
    const { digest, bytes } = sampleBlob();
    {
      await using ingest = await blobs.ingest({ digest: ABSENT });
      await ingest.write(bytes);
      await rejectsWith('DIGEST_MISMATCH', () => ingest.commit({ digest: ABSENT }));
    }
    assert.equal(await blobs.stat(ABSENT), undefined);
    assert.equal(await blobs.stat(digest), undefined);
  });

  it('shorter or longer than promised: SIZE_MISMATCH, nothing stored', async () => {
    await using place = await make();
    const { blobs } = place.repository;
    for (const difference of [-1, 1]) {
      const { digest, bytes } = sampleBlob();
      await using ingest = await blobs.ingest();
      await ingest.write(bytes);
      const size = bytes.byteLength + difference;
      await rejectsWith('SIZE_MISMATCH', () => ingest.commit({ digest, size }));
      assert.equal(await blobs.stat(digest), undefined);
    }
  });

  it('disposed without commit: no trace, and twice is no error', async () => {
    await using place = await make();
    const { digest, bytes } = sampleBlob();
    const ingest = await place.repository.blobs.ingest({ digest, size: bytes.byteLength });
    await ingest.write(bytes);
    await ingest[Symbol.asyncDispose]();
    await ingest[Symbol.asyncDispose]();
    assert.equal(await place.repository.blobs.stat(digest), undefined);
  });

  it('a sha512 digest that was asked for is the one that counts', async () => {
    await using place = await make();
    const bytes = randomBytes(100);
    const hex = createHash('sha512').update(bytes).digest('hex');
    const digest = parseDigest(`sha512:${hex}`);
    await putBlob(place.repository.blobs, { digest, bytes });
    assert.deepEqual(await place.repository.blobs.stat(digest), { digest, size: 100 });
    assert.deepEqual(await collect(place.repository.blobs.read(digest)), bytes);
  });

  it('mount: true makes the blob be here, false leaves it away', async (t) => {
    await using place = await make();
    const { blobs } = place.repository;
    if (!canMount(blobs)) return t.skip('this place cannot mount');
    assert.equal(await blobs.mount(ABSENT), false);
    assert.equal(await blobs.stat(ABSENT), undefined);
    const blob = sampleBlob();
    await putBlob(blobs, blob);
    assert.equal(await blobs.mount(blob.digest), true);
    assert.ok(await blobs.stat(blob.digest));
  });
}

function writingManifests(make: MakeRepository): void {
  it('putManifest gives the descriptor; a tag moves to it', async () => {
    await using place = await make();
    const { repository } = place;
    const [first, second] = [await sampleImage(), await sampleImage()];
    await putImage(repository, first, 'v1');
    for (const blob of second.blobs) await putBlob(repository.blobs, blob);
    const found = await repository.putManifest(second.manifest, { tag: 'v1' });
    assert.deepEqual(found, descriptorOf(second.manifest));
    assert.equal((await repository.resolve('v1')).digest, second.manifest.digest);
    assert.equal((await repository.resolve(first.manifest.digest)).digest, first.manifest.digest);
  });

  it('without a tag it is there by digest only', async () => {
    await using place = await make();
    const image = await sampleImage();
    await putImage(place.repository, image);
    assert.deepEqual(await Array.fromAsync(place.repository.tags()), []);
    assert.ok(await place.repository.resolve(image.manifest.digest));
  });

  it('the same manifest twice is success; several tags may point at it', async () => {
    await using place = await make();
    const image = await sampleImage();
    await putImage(place.repository, image, 'a');
    await place.repository.putManifest(image.manifest, { tag: 'a' });
    await place.repository.putManifest(image.manifest, { tag: 'b' });
    assert.deepEqual(await Array.fromAsync(place.repository.tags()), ['a', 'b']);
  });

  it('layers shared by two images are stored once and serve both', async () => {
    await using place = await make();
    const shared = await sampleLayer();
    const images = [imageOf([shared]), imageOf([shared, await sampleLayer()])];
    for (const [i, image] of images.entries()) await putImage(place.repository, image, `v${i}`);
    assert.deepEqual(await Array.fromAsync(place.repository.tags()), ['v0', 'v1']);
  });

  it('a missing layer or config: BLOB_UNKNOWN, and no tag', async () => {
    await using place = await make();
    for (const missing of [0, 1]) {
      const image = await sampleImage();
      for (const blob of image.blobs.filter((_, i) => i !== missing)) {
        await putBlob(place.repository.blobs, blob);
      }
      await rejectsWith('BLOB_UNKNOWN', () =>
        place.repository.putManifest(image.manifest, { tag: 'v1' }),
      );
      assert.deepEqual(await Array.fromAsync(place.repository.tags()), []);
    }
  });

  it('a missing child: MANIFEST_UNKNOWN, and no tag', async () => {
    await using place = await make();
    const index = await sampleIndex();
    const first = index.images[0];
    assert.ok(first);
    await putImage(place.repository, first, 'first');
    await rejectsWith('MANIFEST_UNKNOWN', () =>
      place.repository.putManifest(index.manifest, { tag: 'v1' }),
    );
    assert.deepEqual(await Array.fromAsync(place.repository.tags()), ['first']);
  });

  it('an index without children is fine', async () => {
    await using place = await make();
    const empty = encodeIndex([]);
    await place.repository.putManifest(empty, { tag: 'empty' });
    assert.equal((await place.repository.resolve('empty')).digest, empty.digest);
  });

  it('the subject may be missing', async () => {
    await using place = await make();
    const image = await sampleImage({ layers: 1 });
    const document: unknown = JSON.parse(Buffer.from(image.manifest.bytes).toString());
    assert.ok(typeof document === 'object');
    const subject = { mediaType: OCI_MANIFEST, digest: ABSENT, size: 10 };
    const bytes = Buffer.from(JSON.stringify({ ...document, subject }));
    const manifest = { mediaType: OCI_MANIFEST, digest: digestOf(bytes), bytes };
    await putImage(place.repository, { ...image, manifest }, 'v1');
    assert.equal((await place.repository.resolve('v1')).digest, manifest.digest);
  });

  it('a document that is no manifest: MANIFEST_INVALID', async () => {
    await using place = await make();
    for (const text of ['{}', 'no json', '{"schemaVersion":2}', '{"schemaVersion":1}']) {
      const bytes = Buffer.from(text);
      const raw = { mediaType: OCI_MANIFEST, digest: digestOf(bytes), bytes };
      await rejectsWith('MANIFEST_INVALID', () => place.repository.putManifest(raw, { tag: 'v1' }));
    }
    assert.deepEqual(await Array.fromAsync(place.repository.tags()), []);
  });

  it('bytes that are not what the digest says: DIGEST_MISMATCH', async () => {
    await using place = await make();
    const image = await sampleImage();
    for (const blob of image.blobs) await putBlob(place.repository.blobs, blob);
    const raw = { ...image.manifest, digest: ABSENT };
    await rejectsWith('DIGEST_MISMATCH', () => place.repository.putManifest(raw, { tag: 'v1' }));
  });

  it('a manifest that states a wrong size for its config: MANIFEST_INVALID', async () => {
    await using place = await make();
    const config = sampleBlob(Buffer.from('{}'));
    await putBlob(place.repository.blobs, config);
    const manifest = encodeImageManifest({
      config: { mediaType: OCI_CONFIG, digest: config.digest, size: 3 },
      layers: [],
    });
    await rejectsWith('MANIFEST_INVALID', () => place.repository.putManifest(manifest));
  });
}

function removing(make: MakeRepository): void {
  it('deleteTag removes the name only; false when there was none', async (t) => {
    await using place = await make();
    const { repository } = place;
    if (!repository.deleteTag) return t.skip('this place cannot delete tags');
    const image = await sampleImage();
    await putImage(repository, image, 'v1');
    await repository.putManifest(image.manifest, { tag: 'v2' });
    assert.equal(await repository.deleteTag('v1'), true);
    assert.equal(await repository.deleteTag('v1'), false);
    await rejectsWith('MANIFEST_UNKNOWN', () => repository.resolve('v1'));
    assert.equal((await repository.resolve('v2')).digest, image.manifest.digest);
    assert.equal(await repository.deleteTag('v2'), true);
    assert.ok(await repository.resolve(image.manifest.digest));
  });

  it('deleteManifest removes it and every tag that points to it, and nothing else', async (t) => {
    await using place = await make();
    const { repository } = place;
    if (!repository.deleteManifest) return t.skip('this place cannot delete manifests');
    const [gone, kept] = [await sampleImage(), await sampleImage()];
    await putImage(repository, gone, 'v1');
    await repository.putManifest(gone.manifest, { tag: 'v2' });
    await putImage(repository, kept, 'kept');
    assert.equal(await repository.deleteManifest(gone.manifest.digest), true);
    assert.equal(await repository.deleteManifest(gone.manifest.digest), false);
    assert.deepEqual(await Array.fromAsync(repository.tags()), ['kept']);
    await rejectsWith('MANIFEST_UNKNOWN', () => repository.getManifest(gone.manifest.digest));
    assert.ok(await repository.getManifest('kept'));
  });

  it('a deleted manifest can be put again', async (t) => {
    await using place = await make();
    const { repository } = place;
    if (!repository.deleteManifest) return t.skip('this place cannot delete manifests');
    const image = await sampleImage();
    await putImage(repository, image, 'v1');
    await repository.deleteManifest(image.manifest.digest);
    await putImage(repository, image, 'v1');
    assert.equal((await repository.resolve('v1')).digest, image.manifest.digest);
  });

  it('a deleted blob is not here any more; false when it was not', async (t) => {
    await using place = await make();
    const { blobs } = place.repository;
    if (!blobs.delete) return t.skip('this place cannot delete blobs');
    const { digest, bytes } = sampleBlob();
    await putBlob(blobs, { digest, bytes });
    assert.equal(await blobs.delete(digest), true);
    assert.equal(await blobs.delete(digest), false);
    assert.equal(await blobs.stat(digest), undefined);
    await rejectsWith('BLOB_UNKNOWN', () => collect(blobs.read(digest)));
  });
}

/** The promise must reject with a SlipwayError of this code. */
async function rejectsWith(code: ErrorCode, work: () => Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isSlipwayError(error), `not a SlipwayError: ${String(error)}`);
    assert.equal(error.code, code, error.message);
    return true;
  });
}
