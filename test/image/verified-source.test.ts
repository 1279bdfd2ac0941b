/** A blob that is not what its digest says never goes out whole. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import type { BlobSource } from '#core/repository.ts';
import { verifiedSource } from '#image/verified-source.ts';

const CHUNK = 1000;
const content = randomBytes(10 * CHUNK + 1);
const blob = { digest: digestOf(content), size: content.length };

function source(bytes: Buffer): BlobSource {
  return async function* read({ range }) {
    const { offset = 0, length = bytes.length } = range ?? {};
    const part = bytes.subarray(offset, offset + length);
    for (let at = 0; at < part.length; at += CHUNK) yield part.subarray(at, at + CHUNK);
  };
}

async function read(from: BlobSource, ...ranges: (readonly [number, number?])[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (const [offset, length] of ranges) {
    const range = { offset, ...(length === undefined ? {} : { length }) };
    for await (const chunk of from({ range })) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const damaged = Buffer.from(content);
damaged[17] = (damaged[17] ?? 0) ^ 1;

test('right bytes pass, whole and in parts', async () => {
  const whole: Uint8Array[] = [];
  for await (const chunk of verifiedSource(blob, source(content))({})) whole.push(chunk);
  assert.deepEqual(Buffer.concat(whole), content);
  const parts = verifiedSource(blob, source(content));
  assert.deepEqual(await read(parts, [0, 4500], [4500, 3000], [7500]), content);
});

test('wrong bytes end before the last of them is given', async () => {
  const given: Uint8Array[] = [];
  const reading = (async () => {
    for await (const chunk of verifiedSource(blob, source(damaged))({})) given.push(chunk);
  })();
  await assert.rejects(reading, { code: 'DIGEST_MISMATCH' });
  assert.ok(Buffer.concat(given).length < content.length);
});

test('also where they are asked for in parts', async () => {
  const from = verifiedSource(blob, source(damaged));
  assert.equal((await read(from, [0, 6000])).length, 6000);
  await assert.rejects(read(from, [6000]), { code: 'DIGEST_MISMATCH' });
});

test('who begins again is checked again', async () => {
  const from = verifiedSource(blob, source(content));
  await read(from, [0, 2000]);
  assert.deepEqual(await read(from, [0]), content);
});

test('who begins in the middle gets the bytes as they are', async () => {
  const from = verifiedSource(blob, source(damaged));
  assert.deepEqual(await read(from, [5000]), damaged.subarray(5000));
});
