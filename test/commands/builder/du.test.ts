/** `builder du`: docker buildx's table, the long form, the formats. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import type { DiskUsage } from '#core/store-report.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { NOW_MS, runCommand } from '#test/helpers/run-command.ts';

const NONE = { total: 0, active: 0, sizeBytes: 0, reclaimableBytes: 0 };
const USAGE: DiskUsage = {
  rows: {
    images: NONE,
    containers: NONE,
    volumes: NONE,
    cache: { total: 2, active: 1, sizeBytes: 3_000_000, reclaimableBytes: 2_000_000 },
    registry: NONE,
    other: NONE,
  },
  images: [],
  cache: [
    {
      id: digestOf('layer'),
      description: 'RUN make',
      createdAt: '2026-11-21T09:00:00Z',
      usedAtMs: NOW_MS - 60_000,
      uses: 2,
      sizeBytes: 1_000_000,
      isActive: true,
      isShared: true,
    },
    {
      id: digestOf('mount'),
      description: 'cached mount /root/.npm',
      createdAt: '2026-11-21T09:00:00Z',
      usedAtMs: NOW_MS - 3_600_000,
      uses: 1,
      sizeBytes: 2_000_000,
      isMount: true,
      isActive: false,
      isShared: false,
    },
  ],
};
const engine = fakeEngine({ diskUsage: async () => USAGE });

/** The 25 digits that tables show of an entry. */
function shortId(of: string): string {
  return digestOf(of).slice('sha256:'.length).slice(0, 25);
}

test('a row for each entry, then the sums', async () => {
  const { stdout } = await runCommand(['builder', 'du'], { engine });
  assert.equal(
    stdout,
    `ID\t\t\t\t\t\tRECLAIMABLE\tSIZE\t\tLAST ACCESSED
${shortId('layer').padEnd(40)}\tfalse\t1MB       \tAbout a minute ago
${shortId('mount').padEnd(40)}\ttrue \t2MB       \tAbout an hour ago
Shared:\t\t1MB
Private:\t3MB
Reclaimable:\t2MB
Total:\t\t3MB
`,
  );
  assert.equal((await runCommand(['buildx', 'du'], { engine })).stdout, stdout);
});

test('--verbose tells what each is; formats are those of other listings', async () => {
  const { stdout } = await runCommand(['builder', 'du', '-v'], { engine });
  assert.match(stdout, /^Description:\tcached mount \/root\/\.npm$/m);
  assert.match(stdout, /^Type:\t\texec\.cachemount$/m);
  const format = ['--format', '{{.CacheType}} {{.Size}}'];
  const lines = (await runCommand(['builder', 'du', ...format], { engine })).stdout;
  assert.equal(lines, 'regular 1MB\nexec.cachemount 2MB\n');
});

test('the cap that builds keep to, and how much of it is taken', async () => {
  const environment = { SLIPWAY_CACHE_MAX: '10MB' };
  const { stdout } = await runCommand(['builder', 'du'], { engine, environment });
  assert.match(stdout, /^Total:\t\t3MB\nCap:\t\t10MB, 29% used\n$/m);
});
