/** What a layer takes from those below it, and that both unpackers put it in the same place. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { EntrySource } from '#archive/entry.ts';
import { readTar } from '#archive/tar-read.ts';
import { TarWriter } from '#archive/tar-write.ts';
import { entriesFromBelow, takesFromBelow, writeFromBelow } from '#layer/from-below.ts';
import type { LayerFiles } from '#layer/layer.ts';
import { unpackTar } from '#layer/unpack.ts';
import { directory, file, hardlink, layerIn, streamOf, tarOf } from '#test/helpers/entries.ts';
import { nativeHelper } from '#test/helpers/native-helper.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';
import { describeTree } from '#test/helpers/torture-tree.ts';

async function chainOf(
  folder: TempFolder,
  layers: readonly (readonly EntrySource[])[],
): Promise<LayerFiles[]> {
  const chain: LayerFiles[] = [];
  for (const entries of layers) chain.push(await layerIn(folder.path, await tarOf(entries)));
  return chain;
}

const LOW = [
  directory('low', { mode: 0o700, mtime: { seconds: 9, nanoseconds: 0 } }),
  file('low/a', 'content', { mode: 0o600 }),
  hardlink('low/b', 'low/a'),
  file('low/c', 'other'),
];

function brought(chain: readonly LayerFiles[]): string[] {
  return [...entriesFromBelow(chain)].map(({ entry }) => {
    const to = entry.kind === 'hardlink' ? ` → ${entry.target}` : '';
    return `${entry.kind} ${entry.path} ${entry.mode.toString(8)}${to}`;
  });
}

test('a layer that describes what it uses takes nothing', async () => {
  using folder = tempFolder();
  const chain = await chainOf(folder, [
    LOW,
    [directory('low'), file('low/new'), hardlink('low/more', 'low/new')],
  ]);
  assert.deepEqual(brought(chain), []);
  assert.equal(takesFromBelow(chain), false);
  assert.equal(takesFromBelow(chain.slice(0, 1)), false);
});

test('directories on the way, where there is one below', async () => {
  using folder = tempFolder();
  const chain = await chainOf(folder, [LOW, [file('low/new'), file('nowhere/new')]]);
  assert.deepEqual(brought(chain), ['directory low 700']);
  assert.equal(takesFromBelow(chain), true);
});

test('a linked file with all its names, and the directories above them', async () => {
  using folder = tempFolder();
  const chain = await chainOf(folder, [LOW, [hardlink('up', 'low/b')]]);
  assert.deepEqual(brought(chain), [
    'directory low 700',
    'file low/b 600',
    'hardlink low/a 600 → low/b',
  ]);
});

test('names that the layer deletes or replaces stay away', async () => {
  using folder = tempFolder();
  const chain = await chainOf(folder, [
    LOW,
    [directory('low'), hardlink('up', 'low/b'), file('low/.wh.a'), file('low/b', 'mine')],
  ]);
  assert.deepEqual(brought(chain), ['file low/b 600']);
});

test('fractions of seconds come along, before 1970 too', async () => {
  using folder = tempFolder();
  const times = [
    { seconds: 9, nanoseconds: 5 },
    { seconds: -1, nanoseconds: 250_000_000 },
    { seconds: -7, nanoseconds: 999_999_999 },
  ];
  const chunks: Buffer[] = [];
  const writer = new TarWriter(async (chunk) => void chunks.push(Buffer.from(chunk)), {
    nanoseconds: true,
  });
  for (const [i, mtime] of times.entries()) await writer.add(directory(`d${i}`, { mtime }));
  await writer.finish();
  const low = await layerIn(folder.path, Buffer.concat(chunks));
  const top = await layerIn(folder.path, await tarOf(times.map((_, i) => file(`d${i}/x`))));
  await writeFromBelow([low, top], folder.at('before.tar'));
  const found = new Map<string, unknown>();
  for await (const { entry } of readTar(streamOf(readFileSync(folder.at('before.tar'))))) {
    found.set(entry.path, entry.mtime);
  }
  assert.deepEqual(
    times.map((_, i) => found.get(`d${i}`)),
    times,
  );
});

test('the helper and its twin unpack the same', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  using folder = tempFolder();
  const chain = await chainOf(folder, [
    LOW,
    [hardlink('up', 'low/b'), file('low/new', 'x'), file('low/c', 'mine')],
  ]);
  const before = folder.at('before.tar');
  await writeFromBelow(chain, before);
  const tar = chain[1]?.tar ?? '';
  const trees: string[][] = [];
  for (const [name, unpack] of [
    ['ours', unpackTar],
    ['helper', (options: Parameters<typeof unpackTar>[0]) => helper.unpack(options)],
  ] as const) {
    mkdirSync(folder.at(name));
    const options = { before, tar, folder: folder.at(name), userXattr: false };
    assert.equal((await unpack(options)).entries, 3);
    trees.push(describeTree(folder.at(name)));
  }
  assert.deepEqual(trees[0], trees[1]);
  assert.equal(readFileSync(folder.at('helper/up'), 'utf8'), 'content');
});
