/** `sync`: its lines, its exit code, and what it refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import type { SyncFailure, SyncRequest, SyncStep } from '#core/mirror.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const digest = digestOf('x');
const STEPS: readonly SyncStep[] = [
  { action: 'copy', from: 'a/x:1', to: 'b/x:1', digest },
  { action: 'keep', from: 'a/x:2', to: 'b/x:2', digest },
  { action: 'remove', to: 'b/x:3', digest },
];
const FAILURE: SyncFailure = {
  what: 'a/y',
  error: new SlipwayError('NAME_UNKNOWN', 'not here', { hint: 'look again' }),
};

function engineWith(failures: readonly SyncFailure[] = [], asked: unknown[] = []) {
  return fakeEngine({
    sync: async (file, request: SyncRequest = {}) => {
      const { destination, prune, dryRun, all, scoped } = request;
      asked.push([file, { destination, prune, dryRun, all, scoped }]);
      for (const step of STEPS) request.onStep?.(step);
      for (const failure of failures) request.onFailure?.(failure);
      return { steps: STEPS, failures };
    },
  });
}

test('a line a tag and a summary', async () => {
  const { stdout, exitCode } = await runCommand(['sync', '-f', 'm.yaml'], { engine: engineWith() });
  assert.equal(exitCode, 0);
  assert.equal(
    stdout,
    `a/x:1 -> b/x:1: copied ${digest}
a/x:2 -> b/x:2: up to date ${digest}
b/x:3: removed ${digest}
1 copied, 0 updated, 1 up to date, 1 removed
`,
  );
});

test('a dry run says what would be', async () => {
  const line = ['sync', '-f', 'm.yaml', '--dry-run'];
  const { stdout } = await runCommand(line, { engine: engineWith() });
  assert.match(stdout, /^a\/x:1 -> b\/x:1: to copy sha256:/);
  assert.match(stdout, /\n1 to copy, 0 to update, 1 up to date, 1 to remove\n$/);
});

test('what failed is told at once and in the end, exit 1', async () => {
  const engine = engineWith([FAILURE]);
  const { stdout, stderr, exitCode } = await runCommand(['sync', '-f', 'm.yaml'], { engine });
  assert.equal(exitCode, 1);
  assert.equal(stderr, 'ERROR: a/y: not here\n  fix: look again\n');
  assert.match(stdout, /1 removed, 1 failed: a\/y\n$/);
});

test('quietly, and as JSON', async () => {
  const quiet = await runCommand(['sync', '-q', '-f', 'm'], { engine: engineWith([FAILURE]) });
  assert.deepEqual([quiet.stdout, quiet.exitCode], ['', 1]);
  const line = ['sync', '-f', 'm', '--format', 'json'];
  const json = await runCommand(line, { engine: engineWith([FAILURE]) });
  assert.deepEqual(JSON.parse(json.stdout), {
    steps: STEPS,
    failures: [{ what: 'a/y', error: 'not here' }],
  });
});

test('flags reach the engine', async () => {
  const asked: unknown[] = [];
  const engine = engineWith([], asked);
  await runCommand(['sync', '-f', 'm', '-a', '--prune', '--scoped', 'h:5000/x'], { engine });
  await runCommand(['sync', '-f', 'm', '--prune=false'], { engine });
  assert.deepEqual(asked, [
    ['m', { destination: 'h:5000/x', prune: true, dryRun: false, all: true, scoped: true }],
    ['m', { destination: undefined, prune: false, dryRun: false, all: false, scoped: false }],
  ]);
});

test('without a file', async () => {
  const { exitCode, stderr } = await runCommand(['sync'], { engine: engineWith() });
  assert.equal(exitCode, 1);
  assert.match(stderr, /requires a mirror file/);
});
