/** The file of a download, and what is known of it afterwards. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { truncateSync, writeFileSync } from 'node:fs';
import { it } from 'node:test';
import { journalOf, PartialFile, SEGMENT_BYTES } from '#store/partial-file.ts';
import { collect } from '#test/helpers/images.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const MIB = SEGMENT_BYTES;
const SIZE = 3 * MIB + 10;
const BYTES = randomBytes(SIZE);

async function put(partial: PartialFile, from: number, to: number): Promise<void> {
  const lane = partial.lane(from);
  await lane.write(BYTES.subarray(from, to));
  await lane.flush();
}

it('gaps are what is missing, between what is there', async () => {
  using folder = tempFolder();
  await using partial = await PartialFile.open(folder.at('p'), SIZE);
  assert.deepEqual(partial.gapFrom(0), { offset: 0, end: SIZE });
  await put(partial, MIB, MIB + 5);
  assert.deepEqual(partial.gapFrom(0), { offset: 0, end: MIB });
  assert.deepEqual(partial.gapFrom(MIB), { offset: MIB + 5, end: SIZE });
  assert.deepEqual([partial.frontier, partial.received], [0, 5]);
  await put(partial, 0, MIB);
  assert.equal(partial.frontier, MIB + 5);
  await put(partial, MIB + 5, SIZE);
  assert.deepEqual([partial.gapFrom(0), partial.isWhole], [undefined, true]);
});

it('the reader gets bytes in order while they come in any order', async () => {
  using folder = tempFolder();
  await using partial = await PartialFile.open(folder.at('p'), SIZE);
  const reading = collect(partial.inOrder());
  await put(partial, 2 * MIB, SIZE);
  await put(partial, 0, MIB + 1);
  await put(partial, MIB + 1, 2 * MIB);
  assert.ok((await reading).equals(BYTES));
});

it('a reader that waits is told of a failure', async () => {
  using folder = tempFolder();
  await using partial = await PartialFile.open(folder.at('p'), SIZE);
  const reading = collect(partial.inOrder());
  await put(partial, 0, 10);
  partial.fail(new Error('cut'));
  await assert.rejects(reading, /cut/);
});

for (const [what, spoil] of [
  [
    'a journal longer than the blob',
    (path: string) => writeFileSync(journalOf(path), randomBytes(99)),
  ],
  ['a file cut off below what the journal says', (path: string) => truncateSync(path, 3)],
  [
    'a journal with impossible numbers',
    (path: string) => writeFileSync(journalOf(path), Buffer.alloc(16, 0xff)),
  ],
] as const) {
  it(`${what} says nothing`, async () => {
    using folder = tempFolder();
    const path = folder.at('p');
    {
      await using partial = await PartialFile.open(path, SIZE);
      await put(partial, 0, MIB);
    }
    spoil(path);
    await using partial = await PartialFile.open(path, SIZE);
    assert.deepEqual([partial.frontier, partial.received], [0, 0]);
  });
}

it('an empty blob is whole at once', async () => {
  using folder = tempFolder();
  await using partial = await PartialFile.open(folder.at('p'), 0);
  assert.equal(partial.isWhole, true);
  assert.equal((await collect(partial.inOrder())).byteLength, 0);
});
