/** A docker daemon of a test's own: own socket, own data, no network; gone with all it made. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '#test/interop/host.ts';
import { type TempFolder, tempFolder } from './temp-folder.ts';

const STARTS_WITHIN_MS = 180_000;

/** Where it keeps images: as docker always did, or in containerd with their manifests. */
export type DockerStore = 'classic' | 'containerd';

export interface Dockerd extends AsyncDisposable {
  /** Where it listens, as docker's -H takes it. */
  readonly socket: string;
  /** Runs a docker command against it; gives what it printed. */
  docker(...words: readonly string[]): Promise<string>;
}

/** A reason why there cannot be one, or undefined. */
export async function cannotStartDockerd(
  host: Host,
  store: DockerStore,
): Promise<string | undefined> {
  const missing = (await host.unfit('dockerd')) ?? (await host.unfit('docker'));
  if (missing !== undefined || store === 'classic') return missing;
  const answer = tooOld.get(host) ?? hasNoContainerdStore(host);
  tooOld.set(host, answer);
  return (await answer) ? 'needs docker 25: no containerd store before' : undefined;
}

const tooOld = new Map<Host, Promise<boolean>>();

async function hasNoContainerdStore(host: Host): Promise<boolean> {
  return !/--feature\b/.test(await host.run('dockerd', '--help'));
}

export async function startDockerd(host: Host, store: DockerStore): Promise<Dockerd> {
  const folder = tempFolder();
  const socket = `unix://${folder.at('s')}`;
  const stored =
    store === 'classic'
      ? ['--storage-driver', 'vfs']
      : ['--feature', 'containerd-snapshotter=true', '--storage-driver', 'native'];
  const daemon = host.start(
    'dockerd',
    ...['--data-root', folder.at('data'), '--exec-root', folder.at('exec'), '-H', socket],
    ...['--pidfile', folder.at('pid'), ...stored],
    ...['--bridge=none', '--iptables=false', '--ip6tables=false'],
  );
  let log = '';
  for (const stream of [daemon.stdout, daemon.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      log = `${log}${chunk.toString()}`.slice(-2000);
    });
  }
  const ended = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
  const docker = (...words: readonly string[]) => host.run('docker', '-H', socket, ...words);
  const stop = async (): Promise<void> => {
    daemon.kill('SIGTERM');
    await ended;
    await removed(folder);
  };
  const until = Date.now() + STARTS_WITHIN_MS;
  for (;;) {
    try {
      await docker('version');
      return { docker, socket, [Symbol.asyncDispose]: stop };
    } catch (cause) {
      if (Date.now() > until || daemon.exitCode !== null) {
        await stop();
        throw new Error(`dockerd does not start: ${log}`, { cause });
      }
      await sleep(100);
    }
  }
}

/** Its containerd ends a moment after it. */
async function removed(folder: TempFolder): Promise<void> {
  await rm(folder.path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}
