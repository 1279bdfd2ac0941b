/** Blobs on disk when things go wrong: damage, death of the writer, a full disk, several processes. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { digestOf } from '#core/digest.ts';
import { errnoOf, isSlipwayError } from '#core/errors.ts';
import { LocalStore } from '#store/local-store.ts';
import { walkImage } from '#store/walk.ts';
import { collect, putBlob, sampleBlob } from '#test/helpers/images.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const run = promisify(execFile);

describe('blobs on disk', () => {
  it('a blob is one file named by its digest; nothing temporary is left', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const blob = sampleBlob();
    await putBlob(store.blobs(lease), blob);
    assert.deepEqual(await readFile(store.blobs(lease).path(blob.digest)), blob.bytes);
    assert.deepEqual(await readdir(store.paths.ingest), []);
  });

  it('bytes in memory are put once, held, and mended where the file is cut off', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const { digest, bytes } = sampleBlob();
    const blobs = store.blobs(lease);
    assert.deepEqual(await blobs.put(digest, bytes), { digest, size: bytes.byteLength });
    const { ino } = await stat(blobs.path(digest));
    await blobs.put(digest, bytes);
    assert.equal((await stat(blobs.path(digest))).ino, ino, 'the file is the same');
    await truncate(blobs.path(digest), 1);
    await blobs.put(digest, bytes);
    assert.deepEqual(await readFile(blobs.path(digest)), bytes);
    assert.deepEqual(await readdir(store.paths.ingest), []);
    await store.gc();
    assert.deepEqual(await readFile(blobs.path(digest)), bytes, 'the lease holds it');
  });

  it('bytes under another digest are refused, whether that is here or not', async () => {
    await using place = await temporaryStore();
    await using lease = await place.store.lease({ purpose: 'test' });
    const blobs = place.store.blobs(lease);
    const blob = sampleBlob();
    await assert.rejects(blobs.put(blob.digest, Buffer.from('x')), { code: 'DIGEST_MISMATCH' });
    await putBlob(blobs, blob);
    await assert.rejects(blobs.put(blob.digest, Buffer.from('x')), { code: 'DIGEST_MISMATCH' });
  });

  it('a failed commit leaves a file of its own only until it is disposed', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    {
      await using ingest = await store.blobs(lease).ingest();
      await ingest.write(Buffer.from('x'));
      await assert.rejects(ingest.commit({ size: 2 }), { code: 'SIZE_MISMATCH' });
      assert.equal((await readdir(store.paths.ingest)).length, 1);
    }
    assert.deepEqual(await readdir(store.paths.ingest), []);
    assert.deepEqual(await readdir(`${store.paths.blobs}/sha256`), []);
  });

  it('damage is found on reading, and the damaged blob can then be fetched again', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const blobs = store.blobs(lease);
    const blob = sampleBlob();
    await putBlob(blobs, blob);
    await writeFile(blobs.path(blob.digest), Buffer.alloc(blob.bytes.byteLength, 1));
    await assert.rejects(collect(blobs.read(blob.digest)), { code: 'DIGEST_MISMATCH' });
    assert.equal(await blobs.stat(blob.digest), undefined);
    await putBlob(blobs, blob);
    assert.deepEqual(await collect(blobs.read(blob.digest)), blob.bytes);
  });

  it('a blob that was cut off is repaired by the next write', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const blobs = store.blobs(lease);
    const blob = sampleBlob();
    await putBlob(blobs, blob);
    await truncate(blobs.path(blob.digest), 10);
    await putBlob(blobs, blob);
    assert.deepEqual(await collect(blobs.read(blob.digest)), blob.bytes);
  });

  it('adopt takes a finished file over, and refuses one of another size', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const blobs = store.blobs(lease);
    const file = store.paths.temporary('ingest');
    await writeFile(file, 'content');
    const info = { digest: digestOf('content'), size: 7 };
    await assert.rejects(blobs.adopt(file, { ...info, size: 8 }), { code: 'SIZE_MISMATCH' });
    assert.deepEqual(await blobs.adopt(file, info), info);
    assert.deepEqual(await readdir(store.paths.ingest), []);
    assert.equal((await collect(blobs.read(info.digest))).toString(), 'content');
    await writeFile(file, 'content');
    assert.deepEqual(await blobs.adopt(file, info), info);
    assert.deepEqual(await readdir(store.paths.ingest), []);
  });
});

/** Opens the store, writes half of a blob, says so, and waits to be killed. */
const WRITER = `
  import { LocalStore } from '#store/local-store.ts';
  const store = await LocalStore.open({ root: process.argv[1] });
  const lease = await store.lease({ purpose: 'killed' });
  const ingest = await store.blobs(lease).ingest();
  await ingest.write(Buffer.alloc(4 * 1024 * 1024, 'x'));
  lease.hold('sha256:' + '0'.repeat(64));
  process.stdout.write('half');
  setInterval(() => {}, 1000);
`;

describe('a writer that dies', () => {
  it('leaves a temporary file and a lease; the next open and gc remove both', async () => {
    await using place = await temporaryStore();
    const { store, root } = place;
    const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, root], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    // While it lives, nobody touches its file.
    await (await LocalStore.open({ root }))[Symbol.asyncDispose]();
    assert.equal((await readdir(store.paths.ingest)).length, 1);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal((await readdir(store.paths.ingest)).length, 1);
    assert.deepEqual(await readdir(`${store.paths.blobs}/sha256`), []);
    await (await LocalStore.open({ root }))[Symbol.asyncDispose]();
    assert.deepEqual(await readdir(store.paths.ingest), []);
    assert.deepEqual((await store.gc()).removed, []);
  });
});

/** Each process writes the same blobs, as fast as it can. */
const RACER = `
  import { LocalStore } from '#store/local-store.ts';
  await using store = await LocalStore.open({ root: process.argv[1] });
  await using lease = await store.lease({ purpose: 'race' });
  for (let i = 0; i < 20; i += 1) {
    await using ingest = await store.blobs(lease).ingest();
    await ingest.write(Buffer.alloc(100_000, i));
    console.log((await ingest.commit()).digest);
  }
`;

describe('several processes', () => {
  it('two that write the same blobs into a new store at once both succeed', async () => {
    using folder = tempFolder();
    const root = folder.at('store');
    const race = () => run(process.execPath, ['--input-type=module', '-e', RACER, root]);
    const [a, b] = await Promise.all([race(), race()]);
    assert.equal(a.stdout, b.stdout);
    await using store = await LocalStore.open({ root });
    await using lease = await store.lease({ purpose: 'test' });
    assert.equal((await readdir(`${store.paths.blobs}/sha256`)).length, 20);
    assert.deepEqual(await readdir(store.paths.ingest), []);
    const digest = digestOf(Buffer.alloc(100_000, 7));
    assert.equal((await collect(store.blobs(lease).read(digest))).length, 100_000);
  });
});

/** Puts image after image, one name each, while somebody else collects garbage. */
const BUILDER = `
  import { LocalStore } from '#store/local-store.ts';
  import { sampleImage, putImage } from '#test/helpers/images.ts';
  await using store = await LocalStore.open({ root: process.argv[1] });
  for (let i = 0; i < 40; i += 1) {
    await using lease = await store.lease({ purpose: 'build' });
    const repository = store.repository({ space: 'images', name: 'app', lease });
    await putImage(repository, await sampleImage(), 'v' + i);
  }
`;

describe('gc beside a writer', () => {
  it('never takes what another process is putting together', async () => {
    await using place = await temporaryStore();
    const { store, root } = place;
    const child = spawn(process.execPath, ['--input-type=module', '-e', BUILDER, root], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    let isRunning = true;
    const ended = once(child, 'exit').then(([code]) => {
      isRunning = false;
      return Number(code);
    });
    while (isRunning) await store.gc();
    assert.equal(await ended, 0);
    await using lease = await store.lease({ purpose: 'test' });
    const repository = store.repository({ space: 'images', name: 'app', lease });
    const tags = await Array.fromAsync(repository.tags());
    assert.equal(tags.length, 40);
    for (const tag of tags) {
      const { blobs } = await walkImage(repository, { selector: tag });
      for (const { digest } of blobs) await collect(repository.blobs.read(digest));
    }
  });
});

/** Small images of systems come without it. */
async function hasMount(): Promise<boolean> {
  try {
    await run('mount', ['--version']);
    await run('umount', ['--version']);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

describe('a machine that refuses', () => {
  it('a full disk: DISK_FULL with a hint, and the store is usable afterwards', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('needs root: mounts a small tmpfs');
    if (!(await hasMount())) return t.skip('needs the programs mount and umount');
    using folder = tempFolder();
    const root = folder.at('small');
    await mkdir(root);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', root]);
    try {
      await using store = await LocalStore.open({ root });
      await using lease = await store.lease({ purpose: 'test' });
      const blobs = store.blobs(lease);
      const large = sampleBlob(Buffer.alloc(8 * 1024 * 1024, 'x'));
      await assert.rejects(putBlob(blobs, large), (error) => {
        assert.ok(isSlipwayError(error, 'DISK_FULL'), String(error));
        assert.match(error.message, /no space left on device/);
        assert.ok(error.hint);
        return true;
      });
      assert.deepEqual(await readdir(store.paths.ingest), []);
      const small = sampleBlob();
      await putBlob(blobs, small);
      assert.equal((await stat(blobs.path(small.digest))).size, small.bytes.byteLength);
    } finally {
      await run('umount', [root]);
    }
  });

  it('a root that is a file, or lies under one: FILE_UNUSABLE', async () => {
    using folder = tempFolder();
    await writeFile(folder.at('file'), '');
    for (const root of [folder.at('file'), folder.at('file', 'store')]) {
      await assert.rejects(LocalStore.open({ root }), { code: 'FILE_UNUSABLE' });
    }
  });
});
