/** `--ulimit`, in docker's words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseUlimit } from '#cli/ulimit.ts';

const GOOD: readonly (readonly [string, number, number])[] = [
  ['nofile=1024', 1024, 1024],
  ['nofile=1024:2048', 1024, 2048],
  ['nofile=0', 0, 0],
  ['nofile=-1', -1, -1],
  ['nofile=5:-1', 5, -1],
];

for (const [value, soft, hard] of GOOD) {
  test(`${value} is ${soft} and ${hard}`, () =>
    assert.deepEqual(parseUlimit(value), { name: 'nofile', soft, hard }));
}

const BAD: readonly (readonly [string, string])[] = [
  ['nofile', 'invalid ulimit argument: nofile'],
  ['nofile=1=2', 'invalid ulimit argument: nofile=1=2'],
  ['nofile=x', 'invalid ulimit argument: nofile=x'],
  ['files=5', 'invalid ulimit type: files'],
  ['nofile=1:2:3', 'too many limit values - 1:2:3, can only have up to two, `soft[:hard]`'],
  ['nofile=3:2', 'ulimit soft limit must be less than or equal to hard limit: 3 > 2'],
  ['nofile=-1:2', 'ulimit soft limit must be less than or equal to hard limit: -1 > 2'],
];

for (const [value, message] of BAD) {
  test(`${value} is refused: ${message}`, () =>
    assert.throws(() => parseUlimit(value), { code: 'USAGE', message }));
}
