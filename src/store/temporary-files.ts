/**
 * Collects what dead processes left in ingest/, snapshots/ and trash/. Names say who owns them
 * (paths.ts); what belongs to a living process is never touched.
 */
import { readdirSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '#core/errors.ts';
import { onDiskSync } from './disk-errors.ts';
import type { StorePaths } from './paths.ts';
import { ownerOfName, ownerState, UNSEEN_OWNER_TTL_MS } from './process-owner.ts';

/** Removes the dead. Another process doing the same at the same time is no harm. */
export async function collectDeadFiles(paths: StorePaths): Promise<void> {
  for (const folder of [paths.ingest, paths.snapshots, paths.trash]) {
    for (const name of onDiskSync(folder, () => readdirSync(folder))) {
      const path = join(folder, name);
      if (await isDead(name, path)) await removeDead(path);
    }
  }
}

/**
 * Roots of rootless containers hold other people's files, which only a process in the user namespace
 * may remove: they stay until one comes.
 */
async function removeDead(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (errnoOf(error) !== 'EACCES' && errnoOf(error) !== 'EPERM') throw error;
  }
}

async function isDead(name: string, path: string): Promise<boolean> {
  const state = ownerState(ownerOfName(name));
  if (state !== 'unseen') return state === 'dead';
  try {
    return (await stat(path)).mtimeMs < Date.now() - UNSEEN_OWNER_TTL_MS;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
