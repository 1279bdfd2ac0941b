/**
 * One writer at a time in a folder that several processes share, by a file whose name says who it is.
 * Who died in it is stepped over; of another machine nothing is known but how long it has been silent.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '#core/errors.ts';
import { onDiskSync } from './disk-errors.ts';
import { currentOwner, ownerState } from './process-owner.ts';

const LOCK_FILE = '.writer';
const LOOK_AGAIN_MS = 20;
/** How often a writer shows that it is there, and how long it may be silent. */
const TOUCH_MS = 5000;
const SILENT_MAX_MS = 60_000;

/** Waits for its turn; disposing ends it. @throws what the signal was aborted with, PERMISSION, DISK_FULL */
export async function lockFolder(folder: string, signal?: AbortSignal): Promise<Disposable> {
  const path = join(folder, LOCK_FILE);
  // Two builds of one process are two writers.
  const mine = `${currentOwner()} ${randomUUID()}`;
  while (!onDiskSync(path, () => taken(path, mine))) {
    signal?.throwIfAborted();
    removeIfLeft(path);
    await sleep(LOOK_AGAIN_MS, undefined, signal ? { signal } : {});
  }
  const touching = setInterval(() => touch(path), TOUCH_MS);
  touching.unref();
  return {
    [Symbol.dispose]: () => {
      clearInterval(touching);
      if (textOf(path) === mine) rmSync(path, { force: true });
    },
  };
}

function touch(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function taken(path: string, mine: string): boolean {
  try {
    writeFileSync(path, mine, { flag: 'wx' });
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** By renaming: of several who see it left, one takes it away, and puts a fresh one back. */
function removeIfLeft(path: string): void {
  const seen = textOf(path);
  if (seen === undefined || !isLeft(path, seen)) return;
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
    if (textOf(aside) === seen) rmSync(aside, { force: true });
    else renameSync(aside, path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function isLeft(path: string, text: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  const ageMs = stats === undefined ? 0 : Date.now() - stats.mtimeMs;
  const [owner = ''] = text.split(' ');
  // Empty for the moment between its making and its writing.
  if (owner === '') return ageMs > SILENT_MAX_MS;
  const state = ownerState(owner);
  return state === 'dead' || (state === 'unseen' && ageMs > SILENT_MAX_MS);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
