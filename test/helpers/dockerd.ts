/** A docker daemon of a test's own: own socket, own data, no network; gone with all it made. */
import { execFile, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type TempFolder, tempFolder } from './temp-folder.ts';

const run = promisify(execFile);

const STARTS_WITHIN_MS = 60_000;

export interface Dockerd extends AsyncDisposable {
  /** Runs a docker command against it; gives what it printed. */
  docker(...words: readonly string[]): Promise<string>;
}

/** A reason why there cannot be one, or undefined. */
export async function cannotStartDockerd(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'needs root: starts dockerd';
  for (const program of ['dockerd', 'docker']) {
    try {
      await run(program, ['--version']);
    } catch {
      return `needs ${program}: not installed here`;
    }
  }
  return undefined;
}

export async function startDockerd(): Promise<Dockerd> {
  const folder = tempFolder();
  const socket = `unix://${folder.at('s')}`;
  const daemon = spawn(
    'dockerd',
    [
      ...['--data-root', folder.at('data'), '--exec-root', folder.at('exec'), '-H', socket],
      ...['--pidfile', folder.at('pid'), '--storage-driver', 'vfs'],
      ...['--bridge=none', '--iptables=false', '--ip6tables=false'],
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
  const docker = async (...words: readonly string[]): Promise<string> => {
    const { stdout } = await run('docker', ['-H', socket, ...words]);
    return stdout.trimEnd();
  };
  const stop = async (): Promise<void> => {
    daemon.kill('SIGTERM');
    await ended;
    await removed(folder);
  };
  const until = Date.now() + STARTS_WITHIN_MS;
  for (;;) {
    try {
      await docker('version');
      return { docker, [Symbol.asyncDispose]: stop };
    } catch (cause) {
      if (Date.now() > until || daemon.exitCode !== null) {
        await stop();
        throw new Error('dockerd does not start', { cause });
      }
      await sleep(100);
    }
  }
}

/** Its containerd ends a moment after it. */
async function removed(folder: TempFolder): Promise<void> {
  await rm(folder.path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}
