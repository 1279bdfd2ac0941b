/** `NAME=value` words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assignments, assignmentWords } from '#cli/assignments.ts';

const lookup = (name: string): string | undefined => ({ HOST: 'h', EMPTY: '' })[name];

test('values, empty values, values with =, and names looked up', () => {
  assert.deepEqual(assignments(['A=1', 'B=', 'C=x=y', 'HOST', 'EMPTY', 'NOSUCH'], lookup), {
    A: '1',
    B: '',
    C: 'x=y',
    HOST: 'h',
    EMPTY: '',
  });
});

test('as words, the last of a name wins', () => {
  assert.deepEqual(assignmentWords(['A=1', 'HOST', 'A=2'], lookup), ['A=2', 'HOST=h']);
});
