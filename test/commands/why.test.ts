/** `why`: one line a holder, and what happens to what nothing holds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, shortId } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import type { DigestReport } from '#core/store-report.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { NOW_MS, runCommand } from '#test/helpers/run-command.ts';

const DIGEST = digestOf('layer');
const MANIFEST = digestOf('manifest');
const OTHER = digestOf('other');
const UNHELD: DigestReport = {
  digest: DIGEST,
  files: [{ kind: 'blob', path: '/store/blobs/x', bytes: 12_300_000 }],
  holders: [],
  mentions: [],
  isGarbage: true,
  freedByGc: 12_300_000,
};

const why = async (report: DigestReport, ...flags: readonly string[]) =>
  await runCommand(['why', ...flags, 'x'], { engine: fakeEngine({ why: async () => report }) });

test('all kinds of holders', async () => {
  const name = { kind: 'name', manifest: MANIFEST } as const;
  const { stdout } = await why({
    ...UNHELD,
    files: [...UNHELD.files, { kind: 'index', path: '/store/indexes/x', bytes: 512 }],
    holders: [
      {
        ...name,
        space: 'images',
        repository: 'docker.io/library/app',
        tags: ['1', '2'],
        way: [{ manifest: MANIFEST, role: 'layer 2 of 3' }],
      },
      { ...name, space: 'registry', repository: 'team/app', tags: [], way: [] },
      {
        ...name,
        space: 'images',
        repository: '',
        tags: [],
        way: [],
        as: { digest: OTHER, form: 'gzip' },
      },
      { kind: 'lease', purpose: 'build .', isAlive: true, pid: 42 },
      { kind: 'lease', purpose: 'pull x', isAlive: false, pid: 43 },
      { kind: 'cache', description: 'RUN make', usedAtMs: NOW_MS - 7200_000, uses: 2, records: 2 },
      { kind: 'link', repository: 'team/app', untilMs: NOW_MS + 7200_000 },
      { kind: 'mount', pid: 44, mountPoint: '/merged' },
    ],
    mentions: [
      { kind: 'referrer', digest: OTHER, repository: 'team/app', artifactType: 'a/b' },
      { kind: 'alias', digest: MANIFEST, repository: 'docker.io/library/app' },
    ],
  });
  const [manifest, other] = [shortId(MANIFEST), shortId(OTHER)];
  assert.equal(
    stdout,
    `${DIGEST}
  blob, 12.3MB
  layer index, 512B
held by:
  image app:1, :2 → ${manifest}, layer 2 of 3
  registry team/app@${manifest}
  image <none>@${manifest}, which holds its gzip form ${other}
  running command: build ., pid 42
  running command: pull x, pid 43 (not seen from here)
  build cache: RUN make, used 2 hours ago
  registry team/app: pushed without a manifest yet, kept 2 hours
  mount at /merged, pid 44
pointed at, not held, by:
  ${other} in team/app refers to it (a/b)
  another digest of ${manifest} in app
`,
  );
});

test('nothing holds it', async () => {
  const { stdout, exitCode } = await why(UNHELD);
  assert.equal(exitCode, 0);
  assert.match(stdout, /\nnothing holds it: the next gc frees 12\.3MB\n$/);
  const merged = await why({ ...UNHELD, isGarbage: false, freedByGc: 0, keptDays: 7 });
  assert.match(merged.stdout, /gc removes it 7 days after its last use, prune at once\n$/);
});

test('--format json is the whole report', async () => {
  const { stdout } = await why(UNHELD, '--format', 'json');
  assert.deepEqual(JSON.parse(stdout), UNHELD);
});

test('what is not here fails with 1', async () => {
  const engine = fakeEngine({
    why: async () => {
      throw new SlipwayError('BLOB_UNKNOWN', 'No such content: x');
    },
  });
  const { exitCode, stderr } = await runCommand(['why', 'x'], { engine });
  assert.deepEqual([exitCode, stderr], [1, 'ERROR: No such content: x\n']);
});
