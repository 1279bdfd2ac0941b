/** The command as people start it: help, versions, mistakes, through links and from anywhere. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { packageVersion } from '#cli/package-root.ts';
import { SLIPWAY, slipway } from '#test/helpers/cli-process.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

test('--version', async () => {
  assert.deepEqual(await slipway(['--version']), {
    exitCode: 0,
    stdout: `Slipway version ${packageVersion()}\n`,
    stderr: '',
  });
});

test('version says which store', async () => {
  const { exitCode, stdout } = await slipway(['version'], { root: '/some/store' });
  assert.equal(exitCode, 0);
  assert.match(stdout, /^ Store: {5}\/some\/store \(SLIPWAY_ROOT\)$/m);
});

test('help: without a command, with --help, for a command, for a topic', async () => {
  for (const [argv, expected] of [
    [[], /^Common Commands:\n {2}run /m],
    [['--help'], /^Common Commands:\n {2}run /m],
    [['build', '--help'], /^Usage: {2}slipway build \[OPTIONS\] PATH \| URL \| -\n/],
    [['help', 'build'], /^Usage: {2}slipway build \[OPTIONS\] PATH \| URL \| -\n/],
    [['registry'], /^Usage: {2}slipway registry COMMAND\n.*\n {2}serve /s],
    [['image'], /^Usage: {2}slipway image COMMAND\n.*\n {2}rm /s],
  ] as const) {
    const { exitCode, stdout, stderr } = await slipway(argv);
    assert.deepEqual([exitCode, stderr], [0, ''], argv.join(' '));
    assert.match(stdout, expected);
  }
});

test('an unknown command', async () => {
  assert.deepEqual(await slipway(['nosuch']), {
    exitCode: 1,
    stdout: '',
    stderr: "slipway: 'nosuch' is not a slipway command.\nSee 'slipway --help'\n",
  });
});

test('an unknown flag: 1, and 125 for run', async () => {
  const images = await slipway(['images', '--nosuch']);
  assert.equal(images.exitCode, 1);
  assert.match(images.stderr, /^unknown flag: --nosuch\nSee 'slipway images --help'\.\n/);
  const run = await slipway(['run', '--nosuch', 'x']);
  assert.equal(run.exitCode, 125);
});

test('a setting that makes no sense', async () => {
  const { exitCode, stderr } = await slipway(['version'], {
    environment: { SLIPWAY_SNAPSHOTTER: 'zfs' },
  });
  assert.equal(exitCode, 1);
  assert.match(stderr, /^invalid value "zfs" of SLIPWAY_SNAPSHOTTER\n/);
});

test('through links, from another folder', () => {
  using folder = tempFolder();
  symlinkSync(SLIPWAY, folder.at('first'));
  symlinkSync('first', folder.at('second'));
  const { status, stdout } = spawnSync('./second', ['--version'], {
    cwd: folder.path,
    encoding: 'utf8',
  });
  assert.deepEqual([status, stdout], [0, `Slipway version ${packageVersion()}\n`]);
});

test('without our own Node: one on the PATH will do if it is not too old', () => {
  using folder = tempFolder();
  // A copy of the script alone has no node_modules beside it.
  const script = folder.at('bin', 'slipway');
  spawnSync('sh', ['-c', 'mkdir "$1" && cp "$2" "$3"', 'sh', folder.at('bin'), SLIPWAY, script]);
  const node = folder.at('node');
  const start = (): ReturnType<typeof spawnSync> =>
    spawnSync(script, ['x'], { encoding: 'utf8', env: { PATH: `${folder.path}:/usr/bin:/bin` } });

  writeFileSync(node, '#!/bin/sh\n[ "$1" = --version ] && echo v20.1.0\n');
  chmodSync(node, 0o755);
  const old = start();
  assert.equal(old.status, 1);
  assert.match(String(old.stderr), /^slipway: needs Node 24 or newer; .* is v20\.1\.0\n/);

  writeFileSync(node, '#!/bin/sh\n[ "$1" = --version ] && echo v26.0.0 || echo "$2"\n');
  const fit = start();
  assert.deepEqual([fit.status, fit.stdout], [0, 'x\n']);
});
