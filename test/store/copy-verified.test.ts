/** Copying on threads: every byte arrives at its place, and nothing wrong passes for right. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { open, readFile, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { type Digest, digestOf } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import type { FilePart } from '#core/repository.ts';
import { copyParts } from '#store/copy-parts.ts';
import { type CopyVerifiedOptions, copyVerified } from '#store/copy-verified.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

const BYTES = randomBytes(3_000_000);
const DIGEST = digestOf(BYTES);

interface Copy extends CopyVerifiedOptions {
  readonly parts: readonly FilePart[];
  readonly digest?: Digest;
  readonly position?: number;
  readonly writtenBefore?: number;
}

/** Into the file `to`, which is made if it is not there. */
async function copy(folder: TempFolder, { parts, digest = DIGEST, ...more }: Copy) {
  const path = folder.at('to');
  await using file = await open(path, 'a+').then(async (made) => {
    await made.close();
    return await open(path, 'r+');
  });
  const { position = 0, writtenBefore = 0, ...options } = more;
  const to = { path, fd: file.fd, position, writtenBefore };
  return await copyVerified({ digest, size: BYTES.length }, { parts, to }, options);
}

async function whole(folder: TempFolder): Promise<FilePart> {
  await writeFile(folder.at('from'), BYTES);
  return { path: folder.at('from'), offset: 0, length: BYTES.length };
}

describe('copying on threads', () => {
  it('puts the parts of several files at their place', async () => {
    using folder = tempFolder();
    await writeFile(
      folder.at('a'),
      Buffer.concat([Buffer.from('head'), BYTES.subarray(0, 1_000_001)]),
    );
    await writeFile(
      folder.at('b'),
      Buffer.concat([BYTES.subarray(1_000_001), Buffer.from('tail')]),
    );
    const parts = [
      { path: folder.at('a'), offset: 4, length: 1_000_001 },
      { path: folder.at('b'), offset: 0, length: BYTES.length - 1_000_001 },
    ];
    await copy(folder, { parts, position: 10 });
    const found = await readFile(folder.at('to'));
    assert.deepEqual(found, Buffer.concat([Buffer.alloc(10), BYTES]));
  });

  it('more jobs than threads, all are done', async () => {
    using folder = tempFolder();
    const part = await whole(folder);
    const copies = Array.from({ length: 12 }, (_, i) =>
      copy(folder, { parts: [part], position: i * BYTES.length }),
    );
    await Promise.all(copies);
    const found = await readFile(folder.at('to'));
    assert.deepEqual(found, Buffer.concat(Array.from({ length: 12 }, () => BYTES)));
  });

  it('other content, or less of it, is refused', async () => {
    using folder = tempFolder();
    const part = await whole(folder);
    await assert.rejects(copy(folder, { parts: [part], digest: digestOf('other') }), (error) =>
      isSlipwayError(error, 'DIGEST_MISMATCH'),
    );
    await writeFile(folder.at('from'), BYTES.subarray(1));
    await assert.rejects(copy(folder, { parts: [part] }), (error) =>
      isSlipwayError(error, 'SIZE_MISMATCH'),
    );
  });

  it('says which file the system refused', async () => {
    using folder = tempFolder();
    const parts = [{ path: folder.at('absent'), offset: 0, length: BYTES.length }];
    await assert.rejects(copy(folder, { parts }), { code: 'ENOENT' });
    const part = await whole(folder);
    await using full = await open('/dev/full', 'w');
    const to = { path: '/dev/full', fd: full.fd, position: 0 };
    await assert.rejects(
      copyVerified({ digest: DIGEST, size: BYTES.length }, { parts: [part], to }),
      (error) => isSlipwayError(error, 'DISK_FULL') && error.message.includes('/dev/full'),
    );
  });

  it('an abort stops it, also one that waits for a thread', async () => {
    using folder = tempFolder();
    const part = await whole(folder);
    const stop = new AbortController();
    const copies = Array.from({ length: 12 }, () =>
      copy(folder, { parts: [part], signal: stop.signal }),
    );
    stop.abort(new Error('enough'));
    const reasons = (await Promise.allSettled(copies)).map((one) => 'reason' in one && one.reason);
    assert.ok(reasons.every((reason) => /enough/.test(String(reason))));
    // The threads are still good.
    await copy(folder, { parts: [part] });
  });

  it('bytes that are there are kept up to the first difference', async () => {
    using folder = tempFolder();
    const part = await whole(folder);
    const there = Buffer.from(BYTES);
    there[2_000_000] = (there[2_000_000] ?? 0) ^ 1;
    await writeFile(folder.at('to'), there);
    const { keptBytes } = await copy(folder, { parts: [part], writtenBefore: there.length });
    assert.ok(keptBytes > 1_000_000 && keptBytes <= 2_000_000, `${keptBytes}`);
    assert.deepEqual(await readFile(folder.at('to')), BYTES);
  });

  it('progress grows piece by piece', async () => {
    using folder = tempFolder();
    const part = await whole(folder);
    await using file = await open(folder.at('to'), 'w+');
    const seen: number[] = [];
    const job = { parts: [part], fd: file.fd, position: 0, writtenBefore: 0 };
    copyParts({ ...job, algorithm: 'sha512' }, { goOn: (bytes) => seen.push(bytes) > 0 });
    assert.ok(seen.length > 2);
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    );
    assert.equal(seen.at(-1), BYTES.length);
  });
});
