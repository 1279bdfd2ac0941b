/** Lines of what a step takes: those at hand, and those that are made when somebody asks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileFacts } from '#build/file-facts.ts';

test('what is put off is made once, when all is asked for', async () => {
  const facts = new FileFacts();
  let made = 0;
  facts.add('a', 'at hand');
  facts.later(function* () {
    for (; made < 2_500; made++) yield [`f${made}`, 'later'];
  });
  assert.equal(made, 0);
  const first = await facts.all();
  assert.equal(first.size, 2_501);
  assert.deepEqual([first.get('a'), first.get('f2499')], ['at hand', 'later']);
  assert.equal((await facts.all()).size, 2_501);
  assert.equal(made, 2_500);
});
