/** `ls`: names a line, or the registry's JSON. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const SIGNATURE = `sha256-${'a'.repeat(64)}.sig`;

function engine(calls: unknown[] = []) {
  return fakeEngine({
    catalog: async (registry, { limit } = {}) => {
      calls.push([registry, limit]);
      return ['a', 'b/c'];
    },
    remoteTags: async (name, { limit } = {}) => {
      calls.push([name, limit]);
      return ['1', SIGNATURE];
    },
  });
}

test('repositories of a registry, tags of a repository, a line each', async () => {
  const calls: unknown[] = [];
  const registry = await runCommand(['ls', '-n', '2', 'house:5000'], { engine: engine(calls) });
  assert.deepEqual(registry, { exitCode: 0, stdout: 'a\nb/c\n', stderr: '' });
  const repository = await runCommand(['ls', 'house:5000/app'], { engine: engine(calls) });
  assert.deepEqual(repository, { exitCode: 0, stdout: `1\n${SIGNATURE}\n`, stderr: '' });
  assert.deepEqual(calls, [
    ['house:5000', 2],
    ['house:5000/app', undefined],
  ]);
});

test('without the tags of signatures', async () => {
  const argv = ['ls', '--omit-digest-tags', 'house:5000/app'];
  assert.equal((await runCommand(argv, { engine: engine() })).stdout, '1\n');
});

test('as JSON', async () => {
  const tags = await runCommand(['ls', '--format', 'json', 'x/app'], { engine: engine() });
  assert.deepEqual(JSON.parse(tags.stdout), { name: 'x/app', tags: ['1', SIGNATURE] });
  const names = await runCommand(['ls', '--format=json', 'x:5000'], { engine: engine() });
  assert.deepEqual(JSON.parse(names.stdout), { repositories: ['a', 'b/c'] });
});

test('a limit that is none is refused', async () => {
  for (const limit of ['0', '-1', 'x', '1e3']) {
    const outcome = await runCommand(['ls', `--limit=${limit}`, 'app']);
    assert.equal(outcome.exitCode, 1);
    assert.match(outcome.stderr, /^invalid argument ".*" for "-n, --limit" flag/);
  }
});
