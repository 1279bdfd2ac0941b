/**
 * A snapshot's root as the kernel shows it to a container: one is started on it that only waits, and
 * its root is looked at from outside, through /proc. Needs root and the native programs.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { Launcher } from '#runtime/launcher.ts';
import type { Snapshot } from '#snapshot/snapshotter.ts';
import { initFolder, runAt } from './containers.ts';
import { HELPER_PROGRAM } from './native-helper.ts';

/** What the container has beside the layers. */
export const NOT_OF_THE_LAYERS = ['init', 'proc', 'sys', 'dev', 'etc/hosts', 'etc/resolv.conf'];

/** `tools`: an empty folder for what the container runs. `work` gets the path of the mounted root. */
export async function withMountedRoot(
  snapshot: Snapshot,
  tools: string,
  work: (root: string) => Promise<void> | void,
): Promise<void> {
  mkdirSync(tools, { recursive: true });
  const { rootfs, upper, bundle } = snapshot;
  const lowers = [...rootfs.lowers, { kind: 'folder' as const, path: initFolder(tools) }];
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const stop = new AbortController();
  // Told apart from any other by how long it would wait.
  const seconds = String(100_000 + randomInt(1_000_000_000));
  const args = ['/init', 'sleep', seconds];
  const ready = Promise.withResolvers<void>();
  const running = runAt(
    launcher,
    { rootfs: { ...rootfs, lowers }, upper, bundle },
    { args, signal: stop.signal, onOutput: () => ready.resolve() },
  );
  running.catch(ready.reject);
  try {
    await ready.promise;
    await work(`/proc/${pidOf(args)}/root`);
  } finally {
    stop.abort();
    await running.catch(() => undefined);
  }
}

function pidOf(args: readonly string[]): string {
  const wanted = args.map((arg) => `${arg}\0`).join('');
  const pid = readdirSync('/proc').find((name) => /^[0-9]+$/.test(name) && lineOf(name) === wanted);
  assert.ok(pid !== undefined, 'the container is not there');
  return pid;
}

function lineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}
