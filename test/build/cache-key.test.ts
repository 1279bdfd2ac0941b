/** What changes a cache key and what does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { originKey, stepKeys } from '#build/cache-key.ts';
import { digestOf } from '#core/digest.ts';
import type { JsonValue } from '#core/json.ts';

const parent = originKey('scratch');
const definition = (operation: JsonValue, inputs: JsonValue = []) =>
  stepKeys(operation).definition(parent, inputs);

test('the order of an object’s keys does not count, that of a list does', () => {
  assert.equal(definition({ a: 1, b: { c: 2, d: 3 } }), definition({ b: { d: 3, c: 2 }, a: 1 }));
  assert.notEqual(definition([1, 2]), definition([2, 1]));
});

test('operation, parent, inputs and flavour each count', () => {
  const chain = digestOf('chain');
  const keys = new Set([
    definition('run'),
    definition('copy'),
    definition('run', ['x']),
    stepKeys('run').definition(originKey('image', 'sha256:1'), []),
    stepKeys('run').content(undefined, []),
    stepKeys('run').content(chain, []),
    stepKeys('run').content(chain, ['x']),
  ]);
  assert.equal(keys.size, 7);
});

test('keys of one step do not disturb each other', () => {
  const step = stepKeys({ run: 'make' });
  const first = step.definition(parent, []);
  step.content(undefined, ['other']);
  assert.equal(step.definition(parent, []), first);
});

test('text never runs from one part into the next', () => {
  assert.notEqual(stepKeys('ab').definition(parent, 'c'), stepKeys('a').definition(parent, 'bc'));
});
