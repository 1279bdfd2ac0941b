/** What is remembered of registries. */
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { temporaryStore } from '#test/helpers/store.ts';

const A = digestOf('a');
const at = (repository: string, registry = 'localhost:5000') => ({ registry, repository });

it('a blob is elsewhere on the same registry only, where it was seen last', async () => {
  await using place = await temporaryStore();
  const { registries } = place.store;
  registries.saw([A], at('base'));
  assert.equal(registries.elsewhere(A, at('base')), undefined);
  assert.equal(registries.elsewhere(A, at('app')), 'base');
  assert.equal(registries.elsewhere(A, at('app', 'other:5000')), undefined);
  assert.equal(registries.elsewhere(digestOf('b'), at('app')), undefined);
});

it('an upload is remembered by repository and digest until it is forgotten', async () => {
  await using place = await temporaryStore();
  const uploads = place.store.registries.uploads(at('app'));
  uploads.keep(A, 'http://localhost:5000/1');
  uploads.keep(A, 'http://localhost:5000/2');
  assert.equal(uploads.find(A), 'http://localhost:5000/2');
  assert.equal(place.store.registries.uploads(at('other')).find(A), undefined);
  uploads.forget(A);
  assert.equal(uploads.find(A), undefined);
});

it('what is old is not used, and goes with gc', async () => {
  await using place = await temporaryStore();
  const { registries, paths } = place.store;
  const uploads = registries.uploads(at('app'));
  uploads.keep(A, 'http://localhost:5000/1');
  registries.saw([A], at('base'));
  using database = new DatabaseSync(paths.database);
  database.exec('UPDATE sent_uploads SET touched_at_ms = 1; UPDATE blob_places SET seen_at_ms = 1');
  assert.equal(uploads.find(A), undefined);
  await place.store.gc();
  assert.equal(registries.elsewhere(A, at('app')), undefined);
});
