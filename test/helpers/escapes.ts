/**
 * slipway-escape (native/escape) as the program of an image or of a hand-made root, and its lines as
 * data: what came of every attempt.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { canContain, initFolder, type Site, site } from './containers.ts';

export const ESCAPE_PROGRAM = fileURLToPath(
  new URL('../../native/build/slipway-escape', import.meta.url),
);

/** A test that needs the program and containers; skipped aloud where that cannot be. */
export function escaping(name: string, body: () => Promise<void>): void {
  test(name, async (t) => {
    if (!existsSync(ESCAPE_PROGRAM)) t.skip('needs native/build: make -C native');
    else if (canContain(t)) await body();
  });
}

/** attempt → what came of it. Also finds the lines in a build's log. */
export function outcomes(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').map((line) => line.replace(/^#\d+ \d+\.\d+ /, ''));
  const found = lines.map((line) => /^([a-z][\w-]*) (E[A-Z]+|signal \d+|[a-z][a-z ]*)$/.exec(line));
  return Object.fromEntries(
    found.flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? '']] : [])),
  );
}

/** A build context; `lines` come last in its Dockerfile. */
export function escapeContext(folder: string, ...lines: readonly string[]): string {
  mkdirSync(join(folder, 'place'), { recursive: true });
  copyFileSync(ESCAPE_PROGRAM, join(folder, 'escape'));
  writeFileSync(join(folder, 'place/file'), '');
  const dockerfile = ['FROM scratch', 'COPY escape /escape', 'COPY place /tmp/place/', ...lines];
  writeFileSync(join(folder, 'Dockerfile'), `${dockerfile.join('\n')}\n`);
  return folder;
}

/** A root with /init, /escape, and /setuid: the same program, setuid root. */
export function escapeSite(folder: string): Site {
  const lower = initFolder(join(folder, 'lower'));
  mkdirSync(join(lower, 'tmp/place'), { recursive: true });
  for (const name of ['escape', 'setuid']) copyFileSync(ESCAPE_PROGRAM, join(lower, name));
  chmodSync(join(lower, 'setuid'), 0o4755);
  return site(folder, [{ kind: 'folder', path: lower }]);
}

/** On the host, not in a container: what an attempt looks like that nothing stops. */
export function onHost(attempts: readonly string[], env: readonly string[]): string {
  const variables = Object.fromEntries(env.map((one) => one.split('=')));
  return spawnSync(ESCAPE_PROGRAM, [...attempts], { encoding: 'utf8', env: variables }).stdout;
}

/** Objects of the host to reach for; gone when disposed. */
export interface HostObjects extends AsyncDisposable {
  /** `NAME=value` that tell the attempts where they are. */
  readonly env: readonly string[];
}

export async function hostObjects(): Promise<HostObjects> {
  const key = String(0x51000000 + process.pid);
  const name = `slipway-test-${process.pid}`;
  const holder = spawn(ESCAPE_PROGRAM, ['hold-ipc', key, name], { stdio: ['pipe', 'pipe', 2] });
  await ready(holder);
  const { dev } = statSync('/etc');
  // Old encoding of makedev, enough for the numbers that disks have.
  const disk = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`;
  return {
    env: [`HOST_PID=${holder.pid}`, `HOST_KEY=${key}`, `HOST_NAME=${name}`, `HOST_DISK=${disk}`],
    [Symbol.asyncDispose]: async () => {
      const end = new Promise((resolve) => holder.once('close', resolve));
      holder.stdin?.end();
      await end;
    },
  };
}

function ready(holder: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    holder.stdout?.once('data', (bytes: Buffer) => {
      const line = bytes.toString().trim();
      if (line === 'ready') resolve();
      else reject(new Error(`the host's objects could not be made: ${line}`));
    });
    holder.once('error', reject);
  });
}
