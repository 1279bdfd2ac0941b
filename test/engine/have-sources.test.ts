/** The way there and back through the engine: inventory, receipt, and a registry that is asked. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { familiarReference } from '#core/reference.ts';
import { type Engine, openEngine, type Settings } from '#engine.ts';
import { LocalStore } from '#store/local-store.ts';
import { decodeReceipt } from '#store/receipt-document.ts';
import { HELPER } from '#test/helpers/engine.ts';
import { imageOf, type SampleImage, sampleLayer } from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

test('an inventory goes there, the difference comes back with a receipt', async () => {
  using folder = tempFolder();
  const [one, two, base] = await releases();
  await fill(folder.at('here'), { 'app:1': one, 'app:2': two });
  await fill(folder.at('there'), { 'app:1': one });
  await using here = await engineAt(folder.at('here'));
  await using there = await engineAt(folder.at('there'));
  await there.inventory(folder.at('have.json'));
  const have = [folder.at('have.json')];
  const plan = await here.planSave(['app:2'], { have });
  assert.deepEqual(await here.save(['app:2'], folder.at('x.tar'), { have }), plan);
  assert.deepEqual(plan.leftOut, { blobs: 1, bytes: base });
  const receipt = folder.at('receipt.json');
  const loaded = await there.load(folder.at('x.tar'), { receipt });
  assert.deepEqual(
    loaded.map(({ names }) => names.map(familiarReference)),
    [['app:2']],
  );
  const { images, loadedAt, host } = decodeReceipt(await readFile(receipt), receipt);
  assert.deepEqual(
    images.map(({ names, digest, imageId }) => [names, digest, imageId]),
    [[['docker.io/library/app:2'], two.manifest.digest, two.imageId]],
  );
  assert.ok(Date.parse(loadedAt) > 0 && host.length > 0);
  const next = await here.planSave(['app:1', 'app:2'], { have: [receipt] });
  assert.equal(next.leftOut.blobs, 3);
});

test('a receipt that cannot be written is told before anything is loaded', async () => {
  using folder = tempFolder();
  const [one] = await releases();
  await fill(folder.at('here'), { 'app:1': one });
  await using here = await engineAt(folder.at('here'));
  await using there = await engineAt(folder.at('there'));
  await here.save(['app:1'], folder.at('x.tar'));
  const loading = there.load(folder.at('x.tar'), { receipt: folder.at('none/receipt.json') });
  await assert.rejects(loading, { code: 'FILE_MISSING' });
  assert.deepEqual(await there.images(), []);
});

test('a load that misses something still writes its receipt, of what is there', async () => {
  using folder = tempFolder();
  const [one, two] = await releases();
  await fill(folder.at('here'), { 'app:1': one, 'app:2': two });
  await using here = await engineAt(folder.at('here'));
  await using there = await engineAt(folder.at('there'));
  await here.save(['app:1'], folder.at('first.tar'));
  await here.save(['app:2'], folder.at('x.tar'), { have: [folder.at('first.tar')] });
  const receipt = folder.at('receipt.json');
  const loading = there.load(folder.at('x.tar'), { receipt });
  await assert.rejects(loading, { code: 'ARCHIVE_INCOMPLETE' });
  assert.deepEqual(decodeReceipt(await readFile(receipt), receipt).images, []);
  assert.deepEqual(await there.images(), []);
});

test('a load that fails before anything arrived leaves an earlier receipt alone', async () => {
  using folder = tempFolder();
  await using there = await engineAt(folder.at('there'));
  const receipt = folder.at('receipt.json');
  await writeFile(receipt, 'an earlier one');
  const loading = there.load(folder.at('mistyped.tar'), { receipt });
  await assert.rejects(loading, { code: 'FILE_MISSING' });
  assert.equal(await readFile(receipt, 'utf8'), 'an earlier one');
});

test('an archive that is incomplete keeps none of the others back, nor does its receipt', async () => {
  using folder = tempFolder();
  const [one, two] = await releases();
  await fill(folder.at('here'), { 'app:1': one, 'app:2': two });
  await fill(folder.at('old'), { 'app:1': one });
  await using here = await engineAt(folder.at('here'));
  await using old = await engineAt(folder.at('old'));
  await using there = await engineAt(folder.at('there'));
  await old.inventory(folder.at('have.json'));
  await here.save(['app:2'], folder.at('delta.tar'), { have: [folder.at('have.json')] });
  await here.save(['app:1'], folder.at('whole.tar'));
  const notes: string[] = [];
  mkdirSync(folder.at('gone'));
  const loading = there.load([folder.at('delta.tar'), folder.at('whole.tar')], {
    receipt: folder.at('gone/receipt.json'),
    onLoaded: () => rmSync(folder.at('gone'), { recursive: true }),
    events: (event) => {
      if (event.kind === 'note' && event.level === 'warning') notes.push(event.text);
    },
  });
  await assert.rejects(loading, { code: 'ARCHIVE_INCOMPLETE', message: /delta\.tar/ });
  assert.deepEqual(
    (await there.images()).map(({ imageId }) => imageId),
    [one.imageId],
  );
  assert.match(notes.join(), /^the receipt was not written: /);
});

test('the list of volumes says what was sent', async () => {
  using folder = tempFolder();
  const [one, two, base] = await releases();
  await fill(folder.at('here'), { 'app:1': one, 'app:2': two });
  await using here = await engineAt(folder.at('here'));
  await here.save(['app:1'], folder.at('x.tar'), { volumes: { size: '32k' } });
  const have = [folder.at('x.tar.volumes.json')];
  assert.deepEqual((await here.planSave(['app:2'], { have })).leftOut, { blobs: 1, bytes: base });
});

test('a registry is asked for each layer, in the repository the image would go to', async () => {
  using folder = tempFolder();
  const [one, two, base] = await releases();
  await fill(folder.at('here'), { 'app:1': one, 'app:2': two, 'other:2': two });
  await using here = await engineAt(folder.at('here'));
  await using served = await engineAt(folder.at('served'));
  await using registry = await served.serveRegistry({ address: '127.0.0.1:0' });
  const have = [`registry://${registry.address}/mirror`];
  assert.equal((await here.planSave(['app:2'], { have })).leftOut.blobs, 0);
  await here.save(['app:1'], folder.at('first.tar'));
  const to = `registry://${registry.address}/mirror`;
  await here.loadTo(folder.at('first.tar'), { to });
  assert.deepEqual((await here.planSave(['app:2'], { have })).leftOut, { blobs: 1, bytes: base });
  // Under another name it would go where nothing is yet.
  assert.equal((await here.planSave(['other:2'], { have })).leftOut.blobs, 0);
  await here.save(['app:2'], folder.at('second.tar'), { have });
  await here.loadTo(folder.at('second.tar'), { to });
  assert.equal((await here.planSave(['app:2'], { have })).leftOut.blobs, 2);
});

test('what is neither inventory nor archive is refused', async () => {
  using folder = tempFolder();
  await using here = await engineAt(folder.at('here'));
  const missing = here.planSave(['app'], { have: [folder.at('none.json')] });
  await assert.rejects(missing, { code: 'FILE_MISSING' });
  await here.inventory(folder.at('have.json'));
  const text = await readFile(folder.at('have.json'), 'utf8');
  assert.match(text, /"count":0,"prefixes":""/);
});

/** Two images over one base, and the size of that. */
async function releases(): Promise<readonly [SampleImage, SampleImage, number]> {
  const base = await sampleLayer({ fileSize: 50_000 });
  const one = imageOf([base, await sampleLayer({ fileSize: 9000 })]);
  const two = imageOf([base, await sampleLayer({ fileSize: 9000 })]);
  return [one, two, base.bytes.byteLength];
}

async function fill(root: string, images: Readonly<Record<string, SampleImage>>): Promise<void> {
  await using store = await LocalStore.open({ root });
  for (const [name, image] of Object.entries(images)) await storeImage(store, image, name);
}

function engineAt(root: string): Promise<Engine> {
  const settings: Settings = {
    root,
    helper: HELPER,
    snapshotter: 'auto',
    parallelTransfers: 3,
  };
  return openEngine(settings);
}
