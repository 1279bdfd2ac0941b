/** `history ls` and `history rm`: what reaches the engine, and what is printed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildSummary } from '#test/helpers/build-summary.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const removed: string[] = [];
const engine = fakeEngine({
  builds: async () => [
    buildSummary({ ref: 'one' }),
    buildSummary({ ref: 'two', status: 'error', name: 'x'.repeat(50) }),
  ],
  removeBuilds: async (refs) => {
    removed.push(...refs);
    return refs;
  },
});

async function history(...argv: readonly string[]): Promise<string> {
  const outcome = await runCommand(['history', ...argv], { engine });
  assert.deepEqual([outcome.exitCode, outcome.stderr], [0, '']);
  return outcome.stdout;
}

test('refs, filters and names in full', async () => {
  assert.equal(await history('ls', '-q'), 'one\ntwo\n');
  assert.equal(await history('ls', '-q', '--filter', 'status=error'), 'two\n');
  assert.doesNotMatch(await history('ls'), /x{50}/);
  assert.match(await history('ls', '--no-trunc'), /x{50}/);
  assert.match(await history('ls', '--format', '{{.Name}}'), /x{50}/);
});

test('rm: what is named, or all', async () => {
  assert.equal(await history('rm', 'a', '^1'), 'a\n^1\n');
  assert.equal(await history('rm', '--all'), 'one\ntwo\n');
  assert.deepEqual(removed, ['a', '^1', 'one', 'two']);
  for (const argv of [['rm'], ['rm', '--all', 'a']]) {
    const { exitCode, stderr } = await runCommand(['history', ...argv], { engine });
    assert.equal(exitCode, 1);
    assert.match(stderr, /^rm requires refs, or --all\n/);
  }
});
