/** Layers large enough for threads of their own: the same file as through a stream, the same care. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import pLimit from 'p-limit';
import { isSlipwayError } from '#core/errors.ts';
import { loadImages } from '#image/load.ts';
import { saveImages } from '#image/save.ts';
import { LARGE_BLOB_BYTES } from '#store/copy-verified.ts';
import type { LocalStore } from '#store/local-store.ts';
import { currentOwner } from '#store/process-owner.ts';
import { type SampleImage, sampleImage } from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const platform = { os: 'linux', architecture: 'amd64' };
let image: SampleImage;

before(async () => {
  image = await sampleImage({ layers: 3, fileSize: LARGE_BLOB_BYTES });
});

after(() => {
  image = { ...image, layers: [], blobs: [] };
});

describe('large layers', () => {
  it('a file and a stream get the same bytes, and a load gives the layers back', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    await storeImage(from.store, image, 'a:1');
    await save(from.store, folder.at('x.tar'));
    const chunks: Buffer[] = [];
    const stream = new Writable({
      write(chunk: Buffer, _, done) {
        chunks.push(chunk);
        done();
      },
    });
    await saveImages({ store: from.store, images: ['a:1'], platform, output: stream });
    assert.ok(Buffer.concat(chunks).equals(await readFile(folder.at('x.tar'))));
    await load(to.store, folder.at('x.tar'));
    for (const { digest, bytes } of image.layers) {
      assert.ok((await readFile(to.store.paths.blob(digest))).equals(bytes));
    }
    assert.deepEqual(await readdir(`${to.store.paths.root}/ingest`), []);
  });

  it('what a killed save left is gone on with, holes and all', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await storeImage(from.store, image, 'a:1');
    await save(from.store, folder.at('x.tar'));
    const whole = await readFile(folder.at('x.tar'));
    await rm(folder.at('x.tar'));
    // Half of the first layer never came, the others did.
    const left = Buffer.from(whole);
    left.fill(0, LARGE_BLOB_BYTES / 2, LARGE_BLOB_BYTES);
    const dead = currentOwner().replace(/\d+$/, '1');
    await writeFile(folder.at(`.x.tar.slipway-${dead}.${randomBytes(8).toString('hex')}`), left);
    const told: string[] = [];
    await save(from.store, folder.at('x.tar'), told);
    assert.ok(whole.equals(await readFile(folder.at('x.tar'))));
    assert.deepEqual(await readdir(folder.path), ['x.tar']);
    const kept = Number(/: (\d+) bytes/.exec(told.join())?.[1]);
    assert.ok(kept > 2 * LARGE_BLOB_BYTES && kept < whole.length - LARGE_BLOB_BYTES / 2, `${kept}`);
  });

  it('a damaged layer is not saved, and not in the store any more', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await storeImage(from.store, image, 'a:1');
    const path = from.store.paths.blob(image.layers[1]?.digest ?? image.imageId);
    await flip(path, LARGE_BLOB_BYTES - 5);
    await assert.rejects(save(from.store, folder.at('x.tar')), isMismatch);
    assert.deepEqual(await readdir(folder.path), []);
    await assert.rejects(stat(path), { code: 'ENOENT' });
  });

  it('a damaged archive names nothing, and leaves nothing half done', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    await storeImage(from.store, image, 'a:1');
    await save(from.store, folder.at('x.tar'));
    await flip(folder.at('x.tar'), 2 * LARGE_BLOB_BYTES);
    await assert.rejects(load(to.store, folder.at('x.tar')), isMismatch);
    assert.deepEqual(to.store.images.list(), []);
    assert.deepEqual(await readdir(`${to.store.paths.root}/ingest`), []);
  });
});

function isMismatch(error: unknown): boolean {
  return isSlipwayError(error, 'DIGEST_MISMATCH');
}

async function save(store: LocalStore, output: string, told: string[] = []): Promise<void> {
  const events = (event: { kind: string; text?: string }): void => void told.push(event.text ?? '');
  await saveImages({ store, images: ['a:1'], platform, output, events });
}

async function load(store: LocalStore, input: string): Promise<void> {
  await loadImages({ store, input, platform, limit: pLimit(3) });
}

async function flip(path: string, at: number): Promise<void> {
  await using file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 1;
  await file.write(byte, 0, 1, at);
}
