/** The prune commands: what they ask, what they pass on, what they print. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import type { PruneReport, PruneSelection } from '#core/store-report.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { NOW_MS, runCommand } from '#test/helpers/run-command.ts';

const IMAGE = digestOf('image');
const LAYER = digestOf('layer');
const REPORT: PruneReport = {
  images: [{ imageId: IMAGE, untagged: ['app:1', `app@${IMAGE}`] }],
  cache: [
    {
      id: LAYER,
      description: 'RUN make',
      createdAt: '2026-01-02T03:04:05Z',
      usedAtMs: NOW_MS - 2 * 3600_000,
      uses: 3,
      sizeBytes: 1_234_567,
    },
  ],
  freedBytes: 1_234_567_890,
};
const LINES = `Deleted Images:
untagged: app:1
untagged: app@${IMAGE}
deleted: ${IMAGE}

Deleted build cache objects:
${LAYER.slice(7, 32)}

Total reclaimed space: 1.235GB
`;

function pruning() {
  const asked: PruneSelection[] = [];
  const engine = fakeEngine({
    prune: async (selection) => {
      asked.push(selection);
      return REPORT;
    },
  });
  return { engine, asked };
}

describe('system prune', () => {
  test('asks; yes prunes dangling images and unused cache', async () => {
    const { engine, asked } = pruning();
    const outcome = await runCommand(['system', 'prune'], { engine, input: 'Y\n' });
    const warning = `WARNING! This will remove:
  - all dangling images
  - unused build cache

Are you sure you want to continue? [y/N] `;
    assert.deepEqual(outcome, { exitCode: 0, stdout: warning + LINES, stderr: '' });
    assert.deepEqual(asked, [{ images: { all: false }, cache: { all: false }, dryRun: false }]);
  });

  test('anything but yes, or no answer at all, does nothing and is no failure', async () => {
    for (const input of ['n\n', 'yes\n', '\n', '']) {
      const { exitCode, stdout, stderr } = await runCommand(['system', 'prune'], { input });
      assert.deepEqual([exitCode, stderr], [0, '']);
      assert.match(stdout, /\[y\/N\] $/);
    }
  });

  test('--all and filters are in the question', async () => {
    const argv = ['system', 'prune', '-a', '--filter', 'until=1h', '--filter', 'label=x'];
    const { stdout } = await runCommand(argv, { input: '' });
    assert.equal(
      stdout,
      `WARNING! This will remove:
  - all images without at least one container associated to them
  - all build cache

  Items to be pruned will be filtered with:
  - label=x
  - until=1h

Are you sure you want to continue? [y/N] `,
    );
  });

  test('until is passed on, a label filter leaves the cache alone', async () => {
    const { engine, asked } = pruning();
    await runCommand(['system', 'prune', '-af', '--filter', 'until=1h'], { engine });
    await runCommand(['system', 'prune', '-f', '--filter', 'label=x'], { engine });
    const beforeMs = NOW_MS - 3600_000;
    assert.deepEqual(asked[0], {
      images: { all: true, createdBeforeMs: beforeMs },
      cache: { all: true, usedBeforeMs: beforeMs },
      dryRun: false,
    });
    assert.equal(asked[1]?.cache, undefined);
    assert.equal(asked[1]?.images?.hasLabels?.({ x: '1' }), true);
  });

  test('--dry-run does not ask and says would', async () => {
    const { engine, asked } = pruning();
    const { stdout } = await runCommand(['system', 'prune', '--dry-run'], { engine });
    assert.match(stdout, /^Would delete images:\n/);
    assert.match(stdout, /\nTotal reclaimable space: 1\.235GB\n$/);
    assert.equal(asked[0]?.dryRun, true);
  });

  test('Ctrl-C at the question', async () => {
    const controller = new AbortController();
    const interrupts = { signal: controller.signal, exitCode: () => 130 };
    const running = runCommand(['system', 'prune'], { interrupts });
    setImmediate(() => controller.abort(new SlipwayError('CANCELLED', 'canceled')));
    const { exitCode, stderr } = await running;
    assert.deepEqual([exitCode, stderr], [130, '']);
  });
});

describe('image prune', () => {
  test('leaves the cache alone', async () => {
    const { engine, asked } = pruning();
    const { stdout } = await runCommand(['image', 'prune', '-a'], { engine, input: 'y' });
    assert.equal(
      stdout,
      `WARNING! This will remove all images without at least one container associated to them.
Are you sure you want to continue? [y/N] ${LINES}`,
    );
    assert.deepEqual(asked, [{ images: { all: true }, dryRun: false }]);
  });
});

describe('builder prune', () => {
  test('a row an entry, under docker’s other name too', async () => {
    const { engine, asked } = pruning();
    const argv = ['buildx', 'prune', '-f', '--max-used-space', '1GB', '--filter', 'until=24h'];
    const { stdout } = await runCommand(argv, { engine });
    assert.equal(
      stdout,
      `ID\t\t\t\t\t\tRECLAIMABLE\tSIZE\t\tLAST ACCESSED
${LAYER.slice(7, 32).padEnd(40)}\ttrue \t1.235MB   \t2 hours ago
Total:\t1.235GB
`,
    );
    const cache = {
      all: false,
      usedBeforeMs: NOW_MS - 24 * 3600_000,
      bounds: { maxUsedBytes: 2 ** 30 },
    };
    assert.deepEqual(asked, [{ cache, dryRun: false }]);
  });

  test('bounds of the cache, under docker’s names old and new', async () => {
    const boundsOf = async (...flags: readonly string[]) => {
      const { engine, asked } = pruning();
      await runCommand(['builder', 'prune', '-f', ...flags], { engine });
      return asked[0]?.cache?.bounds;
    };
    assert.equal(await boundsOf(), undefined);
    assert.deepEqual(await boundsOf('--keep-storage', '1k'), { reservedBytes: 1024 });
    assert.deepEqual(
      await boundsOf('--max-used-space=2k', '--min-free-space=3k', '--reserved-space=0'),
      { maxUsedBytes: 2048, minFreeBytes: 3072, reservedBytes: 0 },
    );
  });

  test('asks on one line; --keep-storage is the old name', async () => {
    const { stdout } = await runCommand(['builder', 'prune', '--keep-storage=1m'], { input: '' });
    const question =
      'This will remove all dangling build cache. Are you sure you want to continue?';
    assert.equal(stdout, `WARNING! ${question} [y/N] `);
  });
});
