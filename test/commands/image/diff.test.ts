/** `image diff`: exit codes of diff(1), text or document or nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import type { ImageDiff } from '#core/image-files.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const id = digestOf(Buffer.from('image'));
const SAME: ImageDiff = {
  before: id,
  after: id,
  isSame: true,
  config: [],
  layers: { shared: [], onlyBefore: [], onlyAfter: [] },
  files: [],
};
const OTHER: ImageDiff = { ...SAME, isSame: false, config: [{ field: 'User', after: '5' }] };

test('0 the same, 1 different, 2 trouble', async () => {
  const engine = fakeEngine({
    diff: async (_, after, options) => {
      if (after === 'none') throw new SlipwayError('IMAGE_UNKNOWN', 'No such image: none');
      return after === 'same' || options?.times === true ? SAME : OTHER;
    },
  });
  const run = (...argv: readonly string[]) => runCommand(['image', 'diff', ...argv], { engine });
  const same = await run('a', 'same');
  assert.deepEqual([same.exitCode, same.stdout], [0, '']);
  const other = await run('a', 'b');
  assert.equal(other.exitCode, 1);
  assert.match(other.stdout, /^Config:\n {2}User: \(not set\) -> "5"\n/);
  const quiet = await run('-q', 'a', 'b');
  assert.deepEqual([quiet.exitCode, quiet.stdout], [1, '']);
  assert.equal((await run('--times', 'a', 'b')).exitCode, 0);
  assert.equal(
    JSON.parse((await run('--format', 'json', 'a', 'b')).stdout).Config[0].Field,
    'User',
  );
  assert.equal((await run('--format', '{{.Same}}', 'a', 'b')).stdout, 'false\n');
  const none = await run('a', 'none');
  assert.deepEqual([none.exitCode, none.stderr], [2, 'ERROR: No such image: none\n']);
  assert.equal((await run('a')).exitCode, 2);
});
