/** What containers see of the network, through the real command. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { BUSYBOX_BASE, busyboxUnfit, writeContext } from '#test/helpers/busybox-context.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';
import { SLIPWAY } from '#test/helpers/unprivileged.ts';

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
