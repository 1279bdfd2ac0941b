/** `save`: to a file, to a pipe, never to a terminal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArchivePlanSummary } from '#core/archive-summary.ts';
import { digestOf, shortId } from '#core/digest.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const digest = digestOf('manifest');

const plan: ArchivePlanSummary = {
  images: [
    {
      names: ['docker.io/library/app:1'],
      digest,
      platforms: ['linux/amd64'],
      sizeBytes: 3_000_000,
      uniqueBytes: 1_000_000,
      leftOutBytes: 0,
    },
  ],
  archiveBytes: 3_010_560,
  contentBytes: 3_000_000,
  leftOut: { blobs: 0, bytes: 0 },
};

test('a file goes by name, a pipe gets the bytes', async () => {
  const calls: unknown[] = [];
  const engine = fakeEngine({
    save: async (names, target) => {
      calls.push([names, typeof target === 'string' ? target : 'stream']);
      if (typeof target !== 'string') target.write('tar bytes');
      return plan;
    },
  });
  await runCommand(['save', '-o', 'x.tar', 'a', 'b'], { engine });
  const { stdout } = await runCommand(['save', 'a'], { engine });
  assert.equal(stdout, 'tar bytes');
  assert.deepEqual(calls, [
    [['a', 'b'], 'x.tar'],
    [['a'], 'stream'],
  ]);
});

test('a terminal is refused in docker’s words', async () => {
  const { exitCode, stderr } = await runCommand(['save', 'a'], { isTTY: true });
  assert.equal(exitCode, 1);
  assert.match(
    stderr,
    /^cowardly refusing to save to a terminal\. Use the -o flag or redirect\nSee 'slipway save --help'\.\n/,
  );
});

test('--dry-run prints what is unique and shared, and --format json all of it', async () => {
  const asked: unknown[] = [];
  const engine = fakeEngine({
    planSave: async (names, options = {}) => {
      asked.push([names, options.have, options.noReferrers, options.platform]);
      return { ...plan, leftOut: { blobs: 1, bytes: 2_000_000 } };
    },
  });
  const words = [
    '--have',
    'a.json',
    '--have',
    'b.tar',
    '--no-referrers',
    '--platform',
    'linux/arm64',
  ];
  const { stdout } = await runCommand(['save', '--dry-run', ...words, 'app:1'], {
    engine,
    isTTY: true,
  });
  assert.equal(
    stdout,
    [
      'IMAGE     PLATFORM      SIZE      UNIQUE    SHARED    LEFT OUT',
      'app:1     linux/amd64   3MB       1MB       2MB       0B',
      '',
      'Left out: 2MB in 1 layer that the receiver has',
      'Archive: 3.011MB (3010560 bytes)',
      '',
    ].join('\n'),
  );
  const json = await runCommand(['save', '--dry-run', '--format', 'json', 'app:1'], { engine });
  assert.deepEqual(JSON.parse(json.stdout), { ...plan, leftOut: { blobs: 1, bytes: 2_000_000 } });
  assert.deepEqual(asked[0], [
    ['app:1'],
    ['a.json', 'b.tar'],
    true,
    { os: 'linux', architecture: 'arm64' },
  ]);
});

test('what goes without a name is said on stderr', async () => {
  const images = plan.images.map((image) => ({ ...image, names: [] }));
  const engine = fakeEngine({ save: async () => ({ ...plan, images }) });
  const { stderr } = await runCommand(['save', '-o', 'x.tar', shortId(digest)], { engine });
  assert.match(stderr, /^note: [0-9a-f]{12} was saved without a name and will load as <none>/);
});

test('--volume-size, --volumes and --sign go on; what makes no sense is refused', async () => {
  const calls: unknown[] = [];
  const engine = fakeEngine({
    save: async (_names, target, { volumes, sign } = {}) => {
      calls.push(sign === undefined ? [target, volumes] : [target, volumes, sign]);
      return { images: [], archiveBytes: 0, contentBytes: 0, leftOut: { blobs: 0, bytes: 0 } };
    },
  });
  const argv = ['save', '-o', 'x.tar', '--volume-size', '4G'];
  await runCommand([...argv, 'a'], { engine });
  await runCommand([...argv, '--volumes', '2,5', '--volumes', '7', 'a'], { engine });
  await runCommand([...argv, '--sign', 'key.pem', 'a'], { engine });
  assert.deepEqual(calls, [
    ['x.tar', { size: '4G' }],
    ['x.tar', { size: '4G', only: new Set([2, 5, 7]) }],
    ['x.tar', { size: '4G' }, 'key.pem'],
  ]);
  const refused = async (...words: readonly string[]): Promise<string> => {
    const { exitCode, stderr } = await runCommand(['save', ...words, 'a'], { engine });
    assert.equal(exitCode, 1);
    return stderr;
  };
  assert.match(await refused('--volume-size', '4G'), /^--volume-size needs -o\n/);
  assert.match(await refused('-o', 'x', '--volumes', '1'), /^--volumes needs --volume-size\n/);
  assert.match(await refused(...argv.slice(1), '--volumes', '0'), /^invalid volume "0"\n/);
});

test('--for-build goes on with its target and arguments; nothing to save is refused', async () => {
  const calls: unknown[] = [];
  const engine = fakeEngine({
    save: async (names, _target, { forBuild } = {}) => {
      calls.push([names, forBuild]);
      return { images: [], archiveBytes: 0, contentBytes: 0, leftOut: { blobs: 0, bytes: 0 } };
    },
  });
  const argv = ['save', '-o', 'x.tar', '--for-build', 'Dockerfile'];
  await runCommand(argv, { engine });
  await runCommand([...argv, '--target', 't', '--build-arg', 'A=1', 'app'], { engine });
  assert.deepEqual(calls, [
    [[], { dockerfile: 'Dockerfile', buildArgs: {} }],
    [['app'], { dockerfile: 'Dockerfile', target: 't', buildArgs: { A: '1' } }],
  ]);
  const none = await runCommand(['save', '-o', 'x.tar'], { engine });
  assert.match(none.stderr, /^"slipway save" requires at least 1 argument\.\n/);
  const alone = await runCommand(['save', '-o', 'x.tar', '--target', 't', 'app'], { engine });
  assert.match(alone.stderr, /^--target and --build-arg need --for-build\n/);
});
