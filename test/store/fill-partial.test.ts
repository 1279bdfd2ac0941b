/** Downloads into a file with gaps: what is asked for, by how many, and what stays after a break. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { BlobSource, ReadOptions } from '#core/repository.ts';
import { fillPartial } from '#store/fill-partial.ts';
import { PartialFile, SEGMENT_BYTES } from '#store/partial-file.ts';
import { collect } from '#test/helpers/images.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const MIB = SEGMENT_BYTES;
const BYTES = randomBytes(12 * MIB + 345);
const signal = new AbortController().signal;

/** Gives what is asked for in pieces, and remembers the questions. */
function sourceOf(bytes: Uint8Array, asked: ReadOptions[] = []): BlobSource {
  return async function* (part) {
    asked.push(part);
    const { offset, length = bytes.byteLength - offset } = part.range ?? { offset: 0 };
    for (let at = offset; at < offset + length; at += 50_000) {
      yield bytes.subarray(at, Math.min(at + 50_000, offset + length));
    }
  };
}

/** Helpers are always wanted. */
const impatient = { everyMs: 1, patienceMs: -1, nowMs: () => performance.now() };

describe('fillPartial', () => {
  it('asks once for everything when nothing is there', async () => {
    using folder = tempFolder();
    const path = folder.at('p');
    const asked: ReadOptions[] = [];
    await using partial = await PartialFile.open(path, BYTES.byteLength);
    await fillPartial(partial, { source: sourceOf(BYTES, asked), signal });
    assert.deepEqual(
      asked.map(({ range }) => range),
      [{ offset: 0 }],
    );
    assert.ok(readFileSync(path).equals(BYTES));
  });

  it('after a break another process asks for the rest, from the very byte', async () => {
    using folder = tempFolder();
    const path = folder.at('p');
    const broken: BlobSource = async function* () {
      yield BYTES.subarray(0, 3 * MIB + 7);
      throw new Error('cut');
    };
    {
      await using partial = await PartialFile.open(path, BYTES.byteLength);
      await assert.rejects(fillPartial(partial, { source: broken, signal }), /cut/);
    }
    const asked: ReadOptions[] = [];
    await using partial = await PartialFile.open(path, BYTES.byteLength);
    await fillPartial(partial, { source: sourceOf(BYTES, asked), signal });
    assert.deepEqual(
      asked.map(({ range }) => range?.offset),
      [3 * MIB + 7],
    );
    assert.ok(readFileSync(path).equals(BYTES));
  });

  it('several fetch parts side by side, each byte once', async () => {
    using folder = tempFolder();
    const asked: ReadOptions[] = [];
    let given = 0;
    const slow: BlobSource = async function* (part) {
      for await (const chunk of sourceOf(BYTES, asked)(part)) {
        await new Promise((resolve) => setTimeout(resolve, 2));
        given += chunk.byteLength;
        yield chunk;
      }
    };
    await using partial = await PartialFile.open(folder.at('p'), BYTES.byteLength);
    await fillPartial(partial, { source: slow, signal, pace: impatient });
    assert.ok((await collect(partial.inOrder())).equals(BYTES));
    assert.ok(asked.length > 3, `asked ${asked.length} times`);
    assert.ok(asked.slice(1).some(({ exact }) => exact));
    // The first connection is cut off inside the chunk that reaches somebody else's part.
    assert.ok(given - BYTES.byteLength < 50_000, `${given - BYTES.byteLength} bytes too many`);
  });

  it('a registry without parts: nobody helps, and the first goes on', async () => {
    using folder = tempFolder();
    let whole = 0;
    const noParts: BlobSource = async function* (part) {
      if (part.exact) return;
      whole += 1;
      for await (const chunk of sourceOf(BYTES)(part)) {
        await turn();
        yield chunk;
      }
    };
    await using partial = await PartialFile.open(folder.at('p'), BYTES.byteLength);
    await fillPartial(partial, { source: noParts, signal, pace: impatient });
    assert.ok((await collect(partial.inOrder())).equals(BYTES));
    assert.ok(whole >= 1);
  });

  it('a helper that fails leaves its part to the others', async () => {
    using folder = tempFolder();
    const source: BlobSource = async function* (part) {
      for await (const chunk of sourceOf(BYTES)(part)) {
        await turn();
        yield chunk;
        if (part.exact) throw new Error('refused');
      }
    };
    await using partial = await PartialFile.open(folder.at('p'), BYTES.byteLength);
    await fillPartial(partial, { source, signal, pace: impatient });
    assert.ok((await collect(partial.inOrder())).equals(BYTES));
  });

  it('a source that ends early: SIZE_MISMATCH', async () => {
    using folder = tempFolder();
    await using partial = await PartialFile.open(folder.at('p'), BYTES.byteLength);
    const source = sourceOf(BYTES.subarray(0, MIB));
    await assert.rejects(
      fillPartial(partial, {
        source: (part) => source({ ...part, range: { offset: 0, length: MIB } }),
        signal,
      }),
      { code: 'SIZE_MISMATCH' },
    );
  });

  it('more than announced is left out', async () => {
    using folder = tempFolder();
    await using partial = await PartialFile.open(folder.at('p'), MIB + 1);
    await fillPartial(partial, { source: sourceOf(BYTES), signal });
    assert.ok((await collect(partial.inOrder())).equals(BYTES.subarray(0, MIB + 1)));
  });
});
