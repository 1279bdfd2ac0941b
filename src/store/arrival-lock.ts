/**
 * Who fetches a blob now: one process at a time, so that two pulls of one digest send it over the line
 * once. A row says so; that of a dead process counts for nothing.
 */
import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Digest } from '#core/digest.ts';
import { type Metadata, textOf } from './metadata.ts';
import { currentOwner, ownerState } from './process-owner.ts';

/** How often a waiting pull looks again. */
const WAIT_MS = 50;
/** An owner in another pid namespace whose file has not grown for this long counts as dead. */
const UNSEEN_SILENCE_MS = 2 * 60 * 1000;

export interface ArrivalLockOptions {
  /** What the owner writes to. */
  readonly file: string;
  readonly signal?: AbortSignal;
  /** Whether there is still anything to wait for. */
  readonly isNeeded: () => Promise<boolean>;
}

/** Held until it is disposed; undefined when there is nothing to do any more. */
export async function lockArrival(
  metadata: Metadata,
  digest: Digest,
  options: ArrivalLockOptions,
): Promise<AsyncDisposable | undefined> {
  const token = crypto.randomUUID();
  while (!enter(metadata, digest, { token, file: options.file })) {
    options.signal?.throwIfAborted();
    await sleep(WAIT_MS);
    if (!(await options.isNeeded())) return undefined;
  }
  return {
    async [Symbol.asyncDispose]() {
      metadata.run('DELETE FROM arrivals WHERE digest = ? AND token = ?', digest, token);
    },
  };
}

function enter(
  metadata: Metadata,
  digest: Digest,
  { token, file }: { readonly token: string; readonly file: string },
): boolean {
  return metadata.transaction(() => {
    const row = metadata.get('SELECT owner FROM arrivals WHERE digest = ?', digest);
    if (row && isAlive(textOf(row, 'owner'), file)) return false;
    metadata.run('INSERT OR REPLACE INTO arrivals VALUES (?, ?, ?)', digest, token, currentOwner());
    return true;
  });
}

function isAlive(owner: string, file: string): boolean {
  const state = ownerState(owner);
  if (state !== 'unseen') return state === 'alive';
  const writtenAtMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  return writtenAtMs > Date.now() - UNSEEN_SILENCE_MS;
}
