/**
 * What is open in the launcher is no way out of the container: not through /proc/self/fd as working
 * folder or program, not by inheritance, not in the place of a closed stdin, stdout or stderr.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { RuntimeSpec } from '#core/runtime-spec.ts';
import { writeBundle } from '#runtime/bundle.ts';
import { Launcher } from '#runtime/launcher.ts';
import { containerSpec } from '#runtime/spec.ts';
import { CONTAINER_ID, contained, runAt, type Site, site } from '#test/helpers/containers.ts';
import { ESCAPE_PROGRAM } from '#test/helpers/escapes.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const NUMBERS = Array.from({ length: 18 }, (_, index) => index + 3);

interface Started {
  readonly args: readonly string[];
  readonly cwd?: string;
}

async function bundle(place: Site, { args, cwd = '/' }: Started): Promise<string> {
  const user = { uid: 0, gid: 0 };
  const spec = containerSpec({ args, env: [], cwd, user, hostname: 'boat', network: 'host' });
  writeBundle(place.bundle, spec, place.rootfs);
  return place.bundle;
}

/** `slipway-native run` by a caller that has folders and files of the host open from 3 to 20. */
async function runLeaking(place: Site, started: Started): Promise<string> {
  const path = await bundle(place, started);
  const held = NUMBERS.map((number) => openSync(number % 2 ? place.bundle : '/etc/passwd', 'r'));
  try {
    const stdio = ['ignore', 'pipe', 'pipe', ...held] as const;
    const ran = spawnSync(HELPER_PROGRAM, ['run', '--bundle', path, CONTAINER_ID], {
      encoding: 'utf8',
      stdio: [...stdio],
    });
    return ran.stdout + ran.stderr;
  } finally {
    for (const descriptor of held) closeSync(descriptor);
  }
}

contained('a working folder or a program behind /proc/self/fd is not there: served', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const place = site(folder.path);
  for (const number of NUMBERS) {
    await assert.rejects(
      runAt(launcher, place, { cwd: `/proc/self/fd/${number}`, args: ['/init', 'ls', '.'] }),
      { code: 'LAUNCH_FAILED', message: /: cwd: (chdir|mkdir) \/proc\/self\/fd\// },
    );
    await assert.rejects(
      runAt(launcher, place, { args: [`/proc/self/fd/${number}/rootfs/../../lower/init`, 'true'] }),
      { code: 'COMMAND_NOT_FOUND' },
    );
  }
});

contained('a working folder or a program behind /proc/self/fd is not there: run', async () => {
  using folder = tempFolder();
  const place = site(folder.path);
  for (const number of NUMBERS) {
    const descriptor = `/proc/self/fd/${number}`;
    const entered = await runLeaking(place, { cwd: descriptor, args: ['/init', 'ls', '.'] });
    assert.match(
      entered,
      new RegExp(`cwd: (chdir|mkdir) ${descriptor}: No(t a directory| such file)`),
    );
    const executed = await runLeaking(place, { args: [`${descriptor}/../lower/init`, 'true'] });
    assert.match(executed, /exec: ".*": stat .*: no such file or directory/);
  }
});

contained('a folder of the host given as stdin is not accepted as working folder', async () => {
  using folder = tempFolder();
  const place = site(folder.path);
  const path = await bundle(place, { cwd: '/proc/self/fd/0', args: ['/init', 'ls', '.'] });
  const stdin = openSync(place.bundle, 'r');
  const ran = spawnSync(HELPER_PROGRAM, ['run', '--bundle', path, CONTAINER_ID], {
    encoding: 'utf8',
    stdio: [stdin, 'pipe', 'pipe'],
  });
  closeSync(stdin);
  assert.match(ran.stderr, /cwd: chdir .*; the working folder is outside the root/);
});

contained('descriptors of the caller, folders among them, are not inherited', async () => {
  using folder = tempFolder();
  const args = ['/init', 'descriptors'];
  assert.equal(await runLeaking(site(folder.path), { args }), '0\n1\n2\n');
});

contained('a closed stdin, stdout and stderr are /dev/null, nothing of the launcher', async () => {
  using folder = tempFolder();
  const place = site(folder.path);
  mkdirSync(place.upper, { recursive: true });
  for (const number of [0, 1, 2]) {
    const path = await bundle(place, { args: ['/init', 'mkdir', `/proc/self/fd/${number}/made`] });
    const before = readdirSync(path);
    const closing = 'exec "$0" "$@" <&- >&- 2>&-';
    const ran = spawnSync('/bin/sh', [
      '-c',
      closing,
      HELPER_PROGRAM,
      'run',
      '--bundle',
      path,
      CONTAINER_ID,
    ]);
    // Its own failure, so the container did run.
    assert.equal(ran.status, 1);
    assert.deepEqual(readdirSync(path), before);
    const write = await bundle(place, {
      args: ['/init', 'append', `/proc/self/fd/${number}`, 'kept'],
    });
    const ended = spawnSync('/bin/sh', [
      ...['-c', closing, HELPER_PROGRAM, 'run', '--bundle', write, CONTAINER_ID],
    ]);
    assert.equal(ended.status, 0);
  }
});

contained(
  'the terminal is opened when nothing of the launcher can be reached by its name',
  async () => {
    using folder = tempFolder();
    const place = site(folder.path);
    const link = join(folder.path, 'lower/dev/ptmx');
    const path = await bundle(place, { args: ['/init', 'true'] });
    const spec: RuntimeSpec = JSON.parse(readFileSync(join(path, 'config.json'), 'utf8'));
    // A /dev of the image's own, and a terminal.
    const mounts = spec.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
    const linux = { ...spec.linux, maskedPaths: [], readonlyPaths: [] };
    const process = { ...spec.process, terminal: true };
    writeFileSync(join(path, 'config.json'), JSON.stringify({ ...spec, process, mounts, linux }));
    for (const number of NUMBERS) {
      for (const target of ['/config.json', '/../lower/init']) {
        rmSync(link, { force: true });
        symlinkSync(`/proc/self/fd/${number}${target}`, link);
        const command = [HELPER_PROGRAM, 'run', '--bundle', path, CONTAINER_ID];
        const ran = spawnSync(ESCAPE_PROGRAM, ['on-terminal', ...command], { encoding: 'utf8' });
        assert.match(ran.stdout, /terminal: open \/dev\/ptmx: (No such|Not a directory)/, target);
      }
    }
  },
);

contained('who has the launcher’s program file open cannot write to it afterwards', async () => {
  using folder = tempFolder();
  // A copy, which nobody else executes: that alone would forbid writing.
  const helper = folder.at('helper');
  copyFileSync(HELPER_PROGRAM, helper);
  const path = await bundle(site(folder.path), { args: ['/init', 'trap', '60'] });
  const child = spawn(helper, ['run', '--bundle', path, CONTAINER_ID], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const below = (pid: string): readonly string[] =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  const outer = String(child.pid);
  const held = [outer, ...below(outer)].map((pid) => openSync(`/proc/${pid}/exe`, 'r'));
  assert.equal(held.length, 2);
  child.kill('SIGTERM');
  await ended;
  for (const descriptor of held) {
    assert.throws(() => openSync(`/proc/self/fd/${descriptor}`, 'r+'), { code: 'EROFS' });
    closeSync(descriptor);
  }
});
