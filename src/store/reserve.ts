/**
 * Room for the worst moment. On a disk that is full to the last byte SQLite cannot open its database,
 * and so nothing could be removed from the store. This file is given up then, and made again by a
 * later start, once there is room.
 */
import { randomBytes } from 'node:crypto';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { errnoOf } from '#core/errors.ts';
import type { StorePaths } from './paths.ts';

/** The index of the write-ahead log takes 32 KiB; the rest is for what a prune writes to the log. */
const RESERVE_BYTES = 512 * 1024;

/** Makes it where it is missing and there is room. */
export function keepReserve({ reserve }: StorePaths): void {
  if (statSync(reserve, { throwIfNoEntry: false })?.size === RESERVE_BYTES) return;
  try {
    // Random: a file system that compresses would keep no room for zeros.
    writeFileSync(reserve, randomBytes(RESERVE_BYTES), { mode: 0o600 });
  } catch (error) {
    // What is half-written keeps others from the little room there is.
    if (errnoOf(error) === undefined) throw error;
    giveUpReserve({ reserve });
  }
}

/** False when there is none to give up, or nobody may. */
export function giveUpReserve({ reserve }: Pick<StorePaths, 'reserve'>): boolean {
  try {
    rmSync(reserve);
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
