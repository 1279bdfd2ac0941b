/** Which earlier step explains a missed one, and what is said of both. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Explainer, type MissedStep } from '#build/explain/explainer.ts';
import { stepFacts } from '#build/explain/step-facts.ts';
import { scratchState } from '#build/state.ts';
import { digestOf } from '#core/digest.ts';
import type { JsonValue } from '#core/json.ts';
import { temporaryStore } from '#test/helpers/store.ts';

const facts = (files: Readonly<Record<string, string>>) => ({
  settings: { args: '["make"]' },
  variables: {},
  files,
  base: 'scratch',
});

const step = (more: Partial<MissedStep> = {}): MissedStep => ({
  number: 5,
  name: '[1/1] RUN make',
  place: '[1] ',
  description: 'RUN make',
  facts: facts({ a: 'file 644 - 1', b: 'file 644 - 1' }),
  isForced: false,
  ...more,
});

test('the one with the fewest differences explains, of the same place or with the same text', async () => {
  await using place = await temporaryStore();
  const { records, stepFacts: saved } = place.store;
  const keep = (key: string, at: string, files: Readonly<Record<string, string>>): void => {
    records.save({ key, createdAt: '2026-01-02T03:04:05Z', description: 'RUN make' });
    const value: Readonly<Record<string, JsonValue>> = facts(files);
    saved.save({ key, place: at, facts: value });
  };
  keep('far', '[1] ', { a: 'file 644 - 2', b: 'file 644 - 2' });
  keep('near', '[7] ', { a: 'file 644 - 1', b: 'file 644 - 3' });
  const explainer = new Explainer(saved);
  explainer.missed(step());
  explainer.missed(step({ number: 3, description: 'RUN other', place: '[9] ' }));
  assert.deepEqual(explainer.lines(), [
    '2 steps missed the cache',
    'step 3 missed: no record of such a step\n  [1/1] RUN make',
    'step 5 missed: b changed (content)\n  [1/1] RUN make',
  ]);
  // A record that is replaced takes its facts along.
  records.save({ key: 'near', createdAt: '2026-01-02T03:04:05Z', description: 'RUN make' });
  const again = new Explainer(saved);
  again.missed(step());
  assert.match(again.lines()[1] ?? '', /missed: a changed \(content\), and 1 more/);
});

test('a cache from elsewhere explains as well, and cannot steer the terminal', async () => {
  await using place = await temporaryStore();
  const explainer = new Explainer(place.store.stepFacts);
  const known = { a: 'file 644 - 1', b: 'file 644 - 1', '\u001b[2Jc': 'file 644 - 1' };
  explainer.alsoKnows({
    earlier: ({ place: at }) => (at === '[1] ' ? [{ facts: facts(known) }] : []),
    hasRecord: (description) => description === 'RUN other',
  });
  explainer.missed(step());
  explainer.missed(step({ number: 6, place: '[2] ', description: 'RUN other' }));
  assert.deepEqual(explainer.lines(), [
    '2 steps missed the cache',
    'step 5 missed:  [2Jc is gone\n  [1/1] RUN make',
    'step 6 missed: the earlier record does not say what it was made of: it came with a cache, or from an older version\n  [1/1] RUN make',
  ]);
});

test('variables are kept as digests, long texts too; layers below a detached step do not count', () => {
  const layer = {
    diffId: digestOf('l'),
    descriptor: { mediaType: 'x', digest: digestOf('l'), size: 1 },
  };
  const state = { ...scratchState(), layers: [layer] };
  const operation = { kind: 'run', env: [['TOKEN', 'hunter2']], args: ['x'.repeat(500)] };
  const made = stepFacts(state, { operation, files: new Map([['a', 'file']]) });
  assert.doesNotMatch(JSON.stringify(made), /hunter2|xxx/);
  assert.match(made.variables.TOKEN ?? '', /^[0-9a-f]{16}$/);
  assert.deepEqual([made.files, made.base, made.below], [{ a: 'file' }, 'scratch', layer.diffId]);
  assert.equal(
    stepFacts(state, { operation, files: new Map(), isDetached: true }).below,
    undefined,
  );
});
