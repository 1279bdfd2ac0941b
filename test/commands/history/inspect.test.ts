/** `history inspect` and `history logs`: the ref that is meant, and the form that is wanted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from '#core/events.ts';
import { buildSummary } from '#test/helpers/build-summary.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const EVENTS: readonly Event[] = [
  { kind: 'vertex-started', vertex: 1, name: 'one', atMs: 1000 },
  { kind: 'vertex-finished', vertex: 1, outcome: 'cached', atMs: 1000 },
];

const asked: (string | undefined)[] = [];
const engine = fakeEngine({
  inspectBuild: async (ref) => {
    asked.push(ref);
    return buildSummary();
  },
  replayBuild: async (ref, start) => {
    asked.push(ref);
    const sink = start(Date.UTC(2026, 0, 1));
    for (const event of EVENTS) sink(event);
  },
});

async function history(...argv: readonly string[]): Promise<string> {
  const outcome = await runCommand(['history', ...argv], { engine });
  assert.deepEqual([outcome.exitCode, outcome.stderr], [0, '']);
  return outcome.stdout;
}

test('the latest unless one is named', async () => {
  assert.match(await history('inspect'), /^Ref: +abc\n/);
  await history('inspect', '^2');
  assert.deepEqual(asked.splice(0), ['', '^2']);
  const { stdout } = await runCommand(['buildx', 'history', 'logs', 'b/n/abc'], { engine });
  assert.equal(stdout, '#1 one\n#1 CACHED\n');
  assert.deepEqual(asked.splice(0), ['b/n/abc']);
});

test('as JSON, by a template; the log as BuildKit writes it', async () => {
  assert.equal(JSON.parse(await history('inspect', '--format', 'json')).Ref, 'abc');
  assert.equal(await history('inspect', '-f', '{{.Status}}'), 'completed\n');
  const [first] = (await history('logs', '--progress', 'rawjson')).split('\n');
  assert.equal(JSON.parse(first ?? '').vertexes[0].started, '2026-01-01T00:00:01.000Z');
});
