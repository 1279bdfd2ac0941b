/** Facts of steps live with their record. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryStore } from '#test/helpers/store.ts';

test('found by place or text, the last used first; gone with the record', async () => {
  await using place = await temporaryStore();
  const { records, stepFacts } = place.store;
  for (const [key, description, at] of [
    ['1', 'RUN a', 'first'],
    ['2', 'RUN b', 'second'],
  ] as const) {
    records.save({ key, createdAt: '2026-01-02T03:04:05Z', description });
    stepFacts.save({ key, place: at, facts: { key } });
  }
  const found = (at: string, description: string): readonly unknown[] =>
    stepFacts.earlier({ place: at, description }).map(({ facts }) => facts);
  assert.deepEqual(found('first', ''), [{ key: '1' }]);
  assert.deepEqual(found('', 'RUN b'), [{ key: '2' }]);
  assert.deepEqual(found('', ''), []);
  assert.ok(stepFacts.hasRecord('RUN a') && !stepFacts.hasRecord('RUN c'));
  await place.store.prune({ cache: { all: true } });
  assert.deepEqual(found('first', 'RUN b'), []);
});
