/** Which layers are known not to hold a secret, and that nothing tells what the secret was. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { LocalStore } from '#store/local-store.ts';
import { temporaryStore } from '#test/helpers/store.ts';

const [LAYER, OTHER] = [digestOf('layer'), digestOf('other')];
const [SECRET, ANOTHER] = [Buffer.from('a-secret-token'), Buffer.from('another-token')];

test('known by layer and secret, in every process', async () => {
  await using place = await temporaryStore();
  place.store.guarded.remember(LAYER, [SECRET]);
  place.store.guarded.remember(LAYER, [SECRET, ANOTHER]);
  await using again = await LocalStore.open({ root: place.root });
  assert.deepEqual(
    [SECRET, ANOTHER, Buffer.from('a-secret-toke')].map((one) => again.guarded.isClean(LAYER, one)),
    [true, true, false],
  );
  assert.equal(again.guarded.isClean(OTHER, SECRET), false);
});

test('the secret is not in the database; what is known of a layer goes with it', async () => {
  await using place = await temporaryStore();
  place.store.guarded.remember(LAYER, [SECRET]);
  for (const name of ['metadata.db', 'metadata.db-wal']) {
    assert.ok(!readFileSync(`${place.root}/${name}`).includes(SECRET), name);
  }
  await place.store.gc();
  assert.equal(place.store.guarded.isClean(LAYER, SECRET), false);
});
