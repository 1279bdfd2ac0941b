/** Files in chunks: any part, read ahead without losing an error or a handle. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import { truncate, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readFileChunks } from '#store/file-read.ts';
import { collect } from '#test/helpers/images.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

describe('file chunks', () => {
  it('property: any part of a file of several chunks', async () => {
    using folder = tempFolder();
    const bytes = randomBytes(2_500_000);
    await writeFile(folder.at('x'), bytes);
    const number = fc.nat(2_600_000);
    await fc.assert(
      fc.asyncProperty(number, fc.option(number, { nil: undefined }), async (offset, length) => {
        const range = { offset, ...(length === undefined ? {} : { length }) };
        const found = await collect(readFileChunks(folder.at('x'), { range }));
        const end = length === undefined ? bytes.length : offset + length;
        assert.ok(found.equals(bytes.subarray(offset, end)));
      }),
      { numRuns: 30 },
    );
  });

  it('chunks are the consumer’s to keep', async () => {
    using folder = tempFolder();
    const bytes = randomBytes(3_000_000);
    await writeFile(folder.at('x'), bytes);
    const chunks = await Array.fromAsync(readFileChunks(folder.at('x')));
    assert.ok(chunks.length > 2);
    assert.ok(Buffer.concat(chunks).equals(bytes));
  });

  it('reused chunks are right until the next one is asked for', async () => {
    using folder = tempFolder();
    const bytes = randomBytes(5_300_000);
    await writeFile(folder.at('x'), bytes);
    const buffers = new Set<ArrayBufferLike>();
    let at = 0;
    for await (const chunk of readFileChunks(folder.at('x'), { reuse: true })) {
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(bytes.subarray(at, at + chunk.byteLength).equals(chunk));
      at += chunk.byteLength;
      buffers.add(chunk.buffer);
    }
    assert.equal(at, bytes.length);
    assert.equal(buffers.size, 2);
  });

  it('who stops early or is stopped leaves no file open', async () => {
    using folder = tempFolder();
    await writeFile(folder.at('x'), randomBytes(3_000_000));
    for await (const _ of readFileChunks(folder.at('x'))) break;
    const stop = new AbortController();
    const reading = async (): Promise<void> => {
      for await (const _ of readFileChunks(folder.at('x'), { signal: stop.signal })) stop.abort();
    };
    await assert.rejects(reading(), { name: 'AbortError' });
    assert.deepEqual(openFiles(folder.at('x')), []);
  });

  it('a file that shrinks meanwhile ends early', async () => {
    using folder = tempFolder();
    await writeFile(folder.at('x'), randomBytes(4_000_000));
    let size = 0;
    for await (const chunk of readFileChunks(folder.at('x'))) {
      size += chunk.byteLength;
      await truncate(folder.at('x'), 1_500_000);
    }
    assert.ok(size >= 1_048_576 && size < 4_000_000, String(size));
  });
});

/** Descriptors of this process that lead to the file. */
function openFiles(path: string): readonly string[] {
  return readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === path;
    } catch {
      return false;
    }
  });
}
