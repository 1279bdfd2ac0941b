/** What containers see of the network, through the real command. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BUSYBOX_BASE, busyboxUnfit, writeContext } from '#test/helpers/busybox-context.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';
import { homeFolder, SLIPWAY, standingCommand, standingUnfit } from '#test/helpers/unprivileged.ts';

function slipway(folder: TempFolder, ...args: readonly string[]) {
  const ran = spawnSync(SLIPWAY, ['--root', folder.at('store'), ...args], { encoding: 'utf8' });
  return { exitCode: ran.status, stdout: ran.stdout, stderr: ran.stderr };
}

function built(folder: TempFolder, dockerfile: string, ...args: readonly string[]) {
  const context = writeContext(folder.at('context'), dockerfile);
  const build = slipway(folder, 'build', '--progress', 'plain', '-t', 't', ...args, context);
  assert.equal(build.exitCode, 0, build.stderr);
  return build;
}

test('run: hosts, resolv.conf and hostname by flags', (t) => {
  const reason = busyboxUnfit();
  if (reason !== undefined) return t.skip(reason);
  using folder = tempFolder();
  built(folder, BUSYBOX_BASE);
  const flags = ['--add-host', 'db:10.0.0.5', '--dns', '10.9.9.9', '--dns-search', 'corp'];
  const seen = slipway(
    folder,
    'run',
    '-h',
    'boat',
    ...flags,
    't',
    'sh',
    '-c',
    'cat /etc/hosts /etc/resolv.conf /etc/hostname; hostname',
  );
  assert.equal(seen.exitCode, 0, seen.stderr);
  assert.match(seen.stdout, /^127\.0\.0\.1\tlocalhost boat$/m);
  assert.match(seen.stdout, /^10\.0\.0\.5\tdb$/m);
  assert.match(seen.stdout, /^nameserver 10\.9\.9\.9\nsearch corp\n/m);
  assert.match(seen.stdout, /boat\nboat\n$/);
});

test('--network none has a loopback interface that is up, and no other', (t) => {
  const reason = busyboxUnfit();
  if (reason !== undefined) return t.skip(reason);
  using folder = tempFolder();
  const dockerfile = `${BUSYBOX_BASE}RUN --network=none ls /sys/class/net && ip addr show lo | grep UP\n`;
  assert.match(built(folder, dockerfile).stderr, / lo\n.*LOOPBACK,UP/);
  const run = slipway(folder, 'run', '--network', 'none', 't', 'ls', '/sys/class/net');
  assert.equal(run.stdout, 'lo\n');
  const refused = slipway(folder, 'run', '--network', 'bridge', 't', 'true');
  assert.equal(refused.exitCode, 125);
  assert.match(refused.stderr, /network bridge not found/);
});

test("build: the network of the build is RUN's default, and its files are in no layer", (t) => {
  const reason = busyboxUnfit();
  if (reason !== undefined) return t.skip(reason);
  using folder = tempFolder();
  const dockerfile = `${BUSYBOX_BASE}RUN ls /sys/class/net > /nets && cat /etc/hosts > /seen\n`;
  built(folder, dockerfile, '--network', 'none', '--add-host', 'db=[2001:db8::5]');
  assert.equal(slipway(folder, 'image', 'cat', 't', '/nets').stdout, 'lo\n');
  assert.match(slipway(folder, 'image', 'cat', 't', '/seen').stdout, /^2001:db8::5\tdb$/m);
  const names = slipway(folder, 'image', 'ls-files', 't').stdout;
  assert.doesNotMatch(names, /etc\/(hosts|resolv\.conf|hostname)/);
});

for (const program of ['slirp4netns', 'pasta']) {
  for (const who of ['root', 'user with subids'] as const) {
    test(`--network ${program}, ${who}: an interface with a way out, and nothing of it left`, async (t) => {
      const reason =
        busyboxUnfit() ??
        standingUnfit(who) ??
        (existsSync(`/usr/bin/${program}`) ? undefined : `needs ${program}`);
      if (reason !== undefined) return t.skip(reason);
      using folder = tempFolder();
      const home = homeFolder(folder.at('home'));
      const context = writeContext(folder.at('context'), `${BUSYBOX_BASE}RUN ip route > /routes\n`);
      // Machines differ in who may open the tun device: here everybody may, for these commands alone.
      const script =
        'mknod -m 666 "$1/tun" c 10 200 && mount --bind "$1/tun" /dev/net/tun && shift && exec "$@"';
      const slipwayAs = (...args: readonly string[]) => {
        const argv = standingCommand(who, home, [SLIPWAY, '--root', `${home}/store`, ...args]);
        rmSync(`${home}/tun`, { force: true });
        const all = ['--mount', 'sh', '-c', script, 'sh', home, ...argv];
        return spawnSync('unshare', all, {
          encoding: 'utf8',
          env: { PATH: process.env.PATH, HOME: home },
        });
      };
      const built = slipwayAs('build', '-t', 't', '--network', program, context);
      assert.equal(built.status, 0, built.stderr);
      assert.match(slipwayAs('image', 'cat', 't', '/routes').stdout, /^default via /m);
      const run = slipwayAs(
        'run',
        '--network',
        program,
        't',
        'sh',
        '-c',
        'ip route; cat /etc/resolv.conf',
      );
      assert.equal(run.status, 0, run.stderr);
      assert.match(run.stdout, /^default via /m);
      assert.match(
        run.stdout,
        program === 'pasta' ? /^nameserver 169\.254\.1\.1$/m : /^nameserver 10\.0\.2\.3$/m,
      );
      // A program that was told to end may take its time.
      const left = () =>
        readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && lineOf(pid).includes(home));
      for (let attempt = 0; attempt < 6000 && left().length > 0; attempt += 1) await sleep(20);
      assert.deepEqual(left(), []);
    });
  }
}

test("a chroot has the host's network or refuses", (t) => {
  const reason = busyboxUnfit();
  if (reason !== undefined) return t.skip(reason);
  using folder = tempFolder();
  built(folder, BUSYBOX_BASE);
  const refused = slipway(folder, 'run', '--isolation', 'chroot', '--network', 'none', 't', 'true');
  assert.equal(refused.exitCode, 125);
  assert.match(refused.stderr, /chroot has no network of its own/);
  assert.equal(slipway(folder, 'run', '--isolation', 'chroot', 't', 'true').exitCode, 0);
});

function lineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}
