/** `system check`: a line a problem, the consequence below, exit code 1 while problems remain. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckReport, StoreProblem } from '#core/store-report.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const HEALTHY: CheckReport = {
  problems: [],
  blobs: 1,
  bytes: 1_200_000,
  layers: 2,
  images: 1,
  isQuick: false,
};
const DAMAGED: StoreProblem = {
  kind: 'blob-damaged',
  isError: true,
  what: 'blob a is damaged',
  consequence: 'a repair sets it aside',
  state: 'repairable',
};

const check = async (report: CheckReport, ...flags: readonly string[]) =>
  await runCommand(['system', 'check', ...flags], {
    engine: fakeEngine({
      checkStore: async (options) => ({ ...report, isQuick: options?.quick ?? false }),
    }),
  });

test('a healthy store', async () => {
  assert.deepEqual(await check(HEALTHY), {
    exitCode: 0,
    stdout: 'Read 1 blob (1.2MB), 2 layer indexes, 1 manifest: no problems\n',
    stderr: '',
  });
  const quick = await check(HEALTHY, '--quick');
  assert.match(quick.stdout, /^Looked at 1 blob /);
});

test('problems, before and after a repair', async () => {
  const note = {
    ...DAMAGED,
    kind: 'file-foreign',
    isError: false,
    what: 'x',
    state: 'left',
  } as const;
  const lost = { ...DAMAGED, kind: 'image-incomplete', what: 'image b', state: 'left' } as const;
  const found = await check({ ...HEALTHY, problems: [DAMAGED, lost, note] });
  assert.equal(found.exitCode, 1);
  assert.equal(
    found.stdout,
    `repairable: blob a is damaged
  a repair sets it aside
problem: image b
  a repair sets it aside
note: x
  a repair sets it aside
Read 1 blob (1.2MB), 2 layer indexes, 1 manifest: 2 problems, 1 for "slipway system check --repair"
`,
  );
  const repaired = { ...DAMAGED, state: 'repaired' } as const;
  const half = await check({ ...HEALTHY, problems: [repaired, lost] }, '--repair');
  assert.equal(half.exitCode, 1);
  assert.match(half.stdout, /: 1 repaired, 1 problem\n$/);
  const whole = await check({ ...HEALTHY, problems: [repaired, note] }, '--repair');
  assert.equal(whole.exitCode, 0);
  assert.match(whole.stdout, /: 1 repaired, no problems\n$/);
});

test('--format json is the whole report', async () => {
  const { stdout } = await check(HEALTHY, '--format', 'json');
  assert.deepEqual(JSON.parse(stdout), HEALTHY);
});
