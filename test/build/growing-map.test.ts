/** Maps that grow by an entry at a time answer like Maps, and never change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withEntry } from '#build/growing-map.ts';

test('it answers as a Map would, at every length, in the order of first setting', () => {
  const expected = new Map([['first', '0']]);
  let map: ReadonlyMap<string, string> = new Map(expected);
  for (let i = 0; i < 500; i += 1) {
    const name = `name ${(i * 7) % 300}`;
    expected.set(name, String(i));
    map = withEntry(map, name, String(i));
    assert.deepEqual([...map], [...expected]);
    assert.equal(map.get(name), String(i));
  }
  assert.equal(map.size, expected.size);
  assert.deepEqual([...map.keys()], [...expected.keys()]);
  assert.deepEqual([...map.values()], [...expected.values()]);
  const visited: [string, string][] = [];
  map.forEach((value, name) => {
    visited.push([name, value]);
  });
  assert.deepEqual(visited, [...expected]);
  assert.equal(map.has('first'), true);
  assert.equal(map.has('none'), false);
  assert.equal(map.get('none'), undefined);
});

test('the map it grew from stays, also when two grow from one', () => {
  const states: ReadonlyMap<string, string>[] = [new Map()];
  for (let i = 0; i < 100; i += 1) {
    states.push(withEntry(states[i] ?? new Map(), `n${i}`, 'one way'));
    withEntry(states[i] ?? new Map(), `n${i}`, 'another way');
  }
  for (const [length, state] of states.entries()) {
    assert.equal(state.size, length);
    assert.ok([...state.values()].every((value) => value === 'one way'));
  }
});

test('an empty value is a value', () => {
  assert.equal(withEntry(new Map([['a', '1']]), 'a', '').get('a'), '');
});
