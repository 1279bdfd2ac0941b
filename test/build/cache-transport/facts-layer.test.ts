/** What the steps of a cache were made of, as a layer that comes from elsewhere and may be anything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFacts } from '#build/cache-transport/facts-layer.ts';
import { file, layerIn, tarOf } from '#test/helpers/entries.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const facts = { settings: { args: 'make' }, variables: {}, files: {}, base: 'scratch' };
const step = { key: 'k', place: '[2] ', description: 'RUN make', facts };

async function read(text: string, name = 'facts.json') {
  using folder = tempFolder();
  return readFacts(await layerIn(folder.path, await tarOf([file(name, text)])));
}

test('steps are found by place, by text and by key', async () => {
  const known = await read(JSON.stringify([step, { ...step, key: 'l', place: '[3] ' }]));
  const found = (place: string, description: string) =>
    known.earlier({ place, description }).length;
  assert.deepEqual([found('[2] ', ''), found('', 'RUN make'), found('', '')], [1, 2, 0]);
  assert.deepEqual(known.of('k')?.facts, facts);
  assert.equal(known.of('m'), undefined);
  assert.deepEqual([known.hasRecord('RUN make'), known.hasRecord('RUN')], [true, false]);
});

test('a layer without the file knows nothing', async () => {
  assert.equal((await read('[]', 'other')).hasRecord('RUN make'), false);
});

for (const [what, text] of [
  ['no JSON', '['],
  ['no list', '{}'],
  ['a step without a place', JSON.stringify([{ ...step, place: undefined }])],
  ['facts that are none', JSON.stringify([{ ...step, facts: 'x' }])],
  ['a file that is no text', JSON.stringify([{ ...step, facts: { ...facts, files: { a: 1 } } }])],
] as const) {
  test(`refuses ${what}`, () => assert.rejects(read(text), { code: 'JSON_INVALID' }));
}
