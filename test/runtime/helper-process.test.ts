/** Why a helper is of no use: its own reason and fix where it gave one. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { helperEnded } from '#runtime/helper-process.ts';
import { parseProbe } from '#runtime/probe.ts';
import { canContain } from '#test/helpers/containers.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

test('what it said last is the hint; without any, what is mostly missing', () => {
  const hint = 'slipway-native: mount: its reason; its fix';
  const spoken = helperEnded(125, `${hint}\n`);
  assert.deepEqual([spoken.code, spoken.hint], ['ISOLATION_UNAVAILABLE', hint]);
  assert.equal(helperEnded(125, '').hint, 'run as root, or allow CAP_SYS_ADMIN');
});

test('in a plain chroot it says so, and how to enter one that works', (t) => {
  if (!canContain(t)) return;
  using folder = tempFolder();
  mkdirSync(folder.at('store'));
  writeFileSync(folder.at('store/config.json'), '{}');
  copyFileSync(HELPER_PROGRAM, folder.at('helper'));
  const run = (...args: string[]) =>
    spawnSync('chroot', [folder.path, '/helper', ...args], { encoding: 'utf8' });
  if (run().status === 127) {
    t.skip('needs the static helper: this one wants the libraries of the host');
    return;
  }
  const { overlay } = parseProbe(run('probe', '/store').stdout);
  assert.equal(overlay.error?.call, 'mount MS_SLAVE');
  assert.match(overlay.error?.hint ?? '', /plain folder \(chroot\).*unshare --mount sh -c '.*'$/);
  const container = run('run', '--bundle', '/store', 'id');
  assert.equal(container.status, 125);
  assert.match(container.stderr, /plain folder \(chroot\)/);
});
