/**
 * The build cases of fixtures/builds through our command: what the image holds to the last path,
 * mode and owner, what the error says, what the cache finds. fixtures/builds/README.md has the format.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { type BuildCase, expectedOf, programsOf, readCases } from '#test/helpers/build-case.ts';
import { busyboxUnfit } from '#test/helpers/busybox-context.ts';
import { ours, runCase } from '#test/helpers/run-build-case.ts';

describe('build cases', { concurrency: 2 }, () => {
  for (const one of readCases()) {
    const unfit = unfitFor(one);
    test(one.name, unfit === undefined ? {} : { skip: unfit }, () => check(one));
  }
});

async function check(one: BuildCase): Promise<void> {
  const { outcomes, files, history, config } = await runCase(one, ours);
  for (const [index, step] of [one, ...(one.again ?? [])].entries()) {
    const outcome = outcomes[index];
    assert.ok(outcome);
    assert.equal(outcome.failed, step.error !== undefined, outcome.log);
    for (const line of [...(step.error ?? []), ...(step.log ?? [])])
      assert.ok(outcome.log.includes(line), outcome.log);
    assert.doesNotMatch(outcome.log, /^ +at .*\.(ts|js):\d+/m);
    if (step.steps) assert.deepEqual(outcome.steps, step.steps, outcome.log);
  }
  assert.equal(files, expectedOf(one, 'files.txt'));
  if (one.config) assert.equal(config, expectedOf(one, 'config.json'));
  if (one.history) assert.deepEqual(history?.slice(-one.history.length), one.history);
}

function unfitFor(one: BuildCase): string | undefined {
  const missing = programsOf(one).filter((name) => spawnSync(name, ['--version']).error);
  if (missing.length > 0) return `needs ${missing.join(', ')}: not installed`;
  if (one.needs === 'busybox') return busyboxUnfit();
  return one.needs === 'root' && process.getuid?.() !== 0 ? 'needs root' : undefined;
}
