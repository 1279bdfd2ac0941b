/** A secret that comes by stdin. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { readSecret } from '#cli/read-secret.ts';

test('the end of its line is not part of it, spaces and other lines are', async () => {
  const { signal } = new AbortController();
  const cases = [
    ['secret\n', 'secret'],
    ['secret\r\n', 'secret'],
    [' se cret ', ' se cret '],
    ['a\nb\n', 'a\nb'],
    ['', ''],
  ] as const;
  for (const [text, expected] of cases) {
    assert.equal(await readSecret(Readable.from([Buffer.from(text)]), signal), expected);
  }
});
