/** A chain as one tar: merged, with the places that are missing and no others. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { writeChainTar } from '#layer/chain-tar.ts';
import { indexTar } from '#layer/index-tar.ts';
import type { LayerFiles } from '#layer/layer.ts';
import { LocalStore } from '#store/local-store.ts';
import { directory, file, streamOf, symlink, tarOf } from '#test/helpers/entries.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const PLACES = { folders: ['dev', 'etc'], files: ['etc/hosts', 'etc/resolv.conf'] };

/** Names in the tar, and the places that were added. */
async function written(tars: readonly Buffer[]): Promise<[readonly string[], readonly string[]]> {
  using folder = tempFolder();
  await using store = await LocalStore.open({ root: folder.at('store') });
  await using lease = await store.lease({ purpose: 'test' });
  const layers: LayerFiles[] = [];
  for (const tar of tars) {
    await using ingest = await store.blobs(lease).ingest();
    await ingest.write(tar);
    await ingest.commit({ digest: digestOf(tar) });
    const { index, diffId } = await indexTar(streamOf(tar));
    layers.push(await store.layers.addIndex(diffId, index));
  }
  const output = folder.at('chain.tar');
  const added = await writeChainTar(layers, { output, places: PLACES });
  return [namesOf(readFileSync(output)), added];
}

/** Of a tar of empty files: a header each. */
function namesOf(tar: Buffer): readonly string[] {
  const names: string[] = [];
  for (let at = 0; at < tar.length; at += 512) {
    const name = tar.toString('latin1', at, tar.indexOf(0, at));
    if (name !== '') names.push(name);
  }
  return names;
}

test('layers are merged, and every place that is missing is added', async () => {
  const [names, added] = await written([
    await tarOf([directory('a'), file('a/gone')]),
    await tarOf([file('a/.wh.gone'), file('b')]),
  ]);
  assert.deepEqual(added, ['dev', 'etc', 'etc/hosts', 'etc/resolv.conf']);
  for (const name of ['b', 'dev/', 'etc/', 'etc/hosts']) assert.ok(names.includes(name), name);
  assert.ok(!names.includes('a/gone'));
});

test('what the image has stays as it is, and nothing is made behind a link', async () => {
  const there = [directory('dev'), directory('etc'), file('etc/hosts')];
  assert.deepEqual((await written([await tarOf(there)]))[1], ['etc/resolv.conf']);
  const linked = [symlink('etc', '/elsewhere'), directory('dev')];
  assert.deepEqual((await written([await tarOf(linked)]))[1], []);
});
