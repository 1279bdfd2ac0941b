/** `system df` and `system gc`: docker's tables to the character, and the formats. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import type { DiskUsage } from '#core/store-report.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { imageSummary } from '#test/helpers/image-summary.ts';
import { NOW_MS, runCommand } from '#test/helpers/run-command.ts';

const NONE = { total: 0, active: 0, sizeBytes: 0, reclaimableBytes: 0 };
const IMAGE = digestOf('image');
const USAGE: DiskUsage = {
  rows: {
    images: { total: 2, active: 1, sizeBytes: 10_160_000, reclaimableBytes: 3_000_000 },
    containers: NONE,
    volumes: NONE,
    cache: { total: 1, active: 0, sizeBytes: 9_267_000, reclaimableBytes: 9_267_000 },
    registry: { total: 1, active: 1, sizeBytes: 500, reclaimableBytes: 0 },
    other: { total: 3, active: 3, sizeBytes: 57_344, reclaimableBytes: 0 },
  },
  images: [{ imageId: IMAGE, isActive: true, sharedBytes: 1_982_000, uniqueBytes: 21 }],
  cache: [
    {
      id: digestOf('layer'),
      description: 'RUN make <all>',
      createdAt: '2026-11-21T09:00:00Z',
      usedAtMs: NOW_MS - 60_000,
      uses: 2,
      sizeBytes: 9_267_000,
      isActive: false,
      isShared: false,
    },
  ],
};
const engine = fakeEngine({
  diskUsage: async () => USAGE,
  images: async () => [imageSummary('image', { tags: ['app:1'], created: '2026-11-21T11:00:00Z' })],
  gc: async (options) => ({
    blobs: [],
    freedBytes: options?.dryRun ? 3_000_000 : 2_000_000,
    freed: { blob: { count: 2, bytes: 1_500_000 }, index: { count: 1, bytes: 500_000 } },
  }),
});

test('docker’s rows, ours after them', async () => {
  assert.deepEqual(await runCommand(['system', 'df'], { engine }), {
    exitCode: 0,
    stdout: `TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE
Images          2         1         10.16MB   3MB (29%)
Containers      0         0         0B        0B
Local Volumes   0         0         0B        0B
Build Cache     1         0         9.267MB   9.267MB
Registry        1         1         500B      0B (0%)
Other           3         3         57.34kB   0B (0%)
`,
    stderr: '',
  });
});

test('--verbose: docker’s four tables', async () => {
  const { stdout } = await runCommand(['system', 'df', '-v'], { engine });
  assert.equal(
    stdout,
    `Images space usage:

REPOSITORY   TAG       IMAGE ID       CREATED             SIZE      SHARED SIZE   UNIQUE SIZE   CONTAINERS
app          1         ${IMAGE.slice(7, 19)}   About an hour ago   1.98MB    1.982MB       21B           1

Containers space usage:

CONTAINER ID   IMAGE     COMMAND   LOCAL VOLUMES   SIZE      CREATED   STATUS    NAMES

Local Volumes space usage:

VOLUME NAME   LINKS     SIZE

Build cache usage: 9.267MB

CACHE ID       CACHE TYPE   SIZE      CREATED       LAST USED            USAGE     SHARED
${digestOf('layer').slice(7, 19)}   regular      9.267MB   3 hours ago   About a minute ago   2         false
`,
  );
});

test('--format: rows as JSON, columns of a table, all lists of the verbose one', async () => {
  const json = await runCommand(['system', 'df', '--format', 'json'], { engine });
  assert.equal(
    json.stdout.split('\n')[0],
    '{"Active":"1","Reclaimable":"3MB (29%)","Size":"10.16MB","TotalCount":"2","Type":"Images"}',
  );
  const format = 'table {{.Type}}\t{{.Reclaimable}}';
  const table = await runCommand(['system', 'df', '--format', format], { engine });
  assert.match(table.stdout, /^TYPE {12}RECLAIMABLE\nImages {10}3MB \(29%\)\n/);
  const verbose = ['system', 'df', '-v', '--format', '{{json .BuildCache}}'];
  const [entry] = JSON.parse((await runCommand(verbose, { engine })).stdout);
  assert.equal(entry.Description, 'RUN make <all>');
  assert.equal(entry.LastUsedSince, 'About a minute ago');
});

test('gc: what went by kind, and the sum', async () => {
  const real = await runCommand(['system', 'gc'], { engine });
  assert.equal(
    real.stdout,
    'blobs: 2, 1.5MB\nlayer indexes: 1, 500kB\nTotal reclaimed space: 2MB\n',
  );
  const dry = await runCommand(['system', 'gc', '--dry-run'], { engine });
  assert.match(dry.stdout, /\nTotal reclaimable space: 3MB\n$/);
});
