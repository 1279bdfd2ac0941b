/**
 * A network of a container's own with a way out, without root: a namespace that a process keeps, and
 * pasta or slirp4netns to carry its packets (native/src/netns.c). Both end with this object, and with
 * this process.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NetworkMode } from '#core/container-network.ts';
import { SlipwayError } from '#core/errors.ts';
import { lastWordsOf } from './helper-process.ts';

const READY_MS_MAX = 10_000;
const LOOK_EVERY_MS = 10;

export interface OpenedNetwork extends AsyncDisposable {
  /** For `linux.namespaces` of a spec; absent: what the mode says is enough. */
  readonly path?: string;
}

export interface NetworkNeeds {
  readonly helper: string;
  /** A path of the caller's own where nothing is yet. */
  readonly file: string;
  readonly signal?: AbortSignal;
}

/** @throws NETWORK_FAILED */
export async function openNetwork(
  mode: NetworkMode,
  { helper, file, signal }: NetworkNeeds,
): Promise<OpenedNetwork> {
  if (mode !== 'pasta' && mode !== 'slirp4netns') return { [Symbol.asyncDispose]: async () => {} };
  await writeFile(file, '');
  const child = spawn(helper, ['netns', mode, String(process.pid), file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const words = lastWordsOf(child.stderr);
  const said = lastWordsOf(child.stdout);
  let isClosed = false;
  const closed = once(child, 'close').then(
    () => {
      isClosed = true;
    },
    () => {
      isClosed = true;
    },
  );
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await closed;
  };
  const giveUpAt = performance.now() + READY_MS_MAX;
  while (!isReady(said())) {
    if (isClosed || signal?.aborted || performance.now() > giveUpAt) {
      await end();
      throw failed(mode, words());
    }
    await sleep(LOOK_EVERY_MS);
  }
  return { path: `/proc/${said().trim()}/ns/net`, [Symbol.asyncDispose]: end };
}

/** Beside loopback there is an interface, with a way out. */
function isReady(said: string): boolean {
  if (!/^\d+\n/.test(said)) return false;
  try {
    return readFileSync(`/proc/${said.trim()}/net/route`, 'latin1').trim().split('\n').length > 1;
  } catch {
    return false;
  }
}

function failed(mode: string, words: string): SlipwayError {
  const last = words.trim().split('\n').at(-1) ?? '';
  const text = `--network ${mode} does not work here: ${last || 'no answer'}`;
  const program = mode === 'pasta' ? 'passt' : mode;
  return new SlipwayError('NETWORK_FAILED', text, {
    hint: `install ${program}, and let users open /dev/net/tun (chmod 666); or use --network host`,
    detail: { mode },
  });
}
