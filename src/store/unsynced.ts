/**
 * Plain tars with their indexes that nobody has waited for until the disk has them: a pull's can be made
 * again from the blob that came, which is synced (ADR 23); a build's are waited for all at once, before
 * the image gets its name (ADR 26). Killing a process loses nothing of them; only a machine that stops
 * does. So each carries the boot it was written in: whoever opens the store in another one looks
 * whether they are whole, and removes what is not.
 */
import { closeSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { algorithmOf, createHasher, type Digest } from '#core/digest.ts';
import { errnoOf } from '#core/errors.ts';
import { onDisk, onDiskSync } from './disk-errors.ts';
import { digestIn, type Metadata } from './metadata.ts';
import type { StorePaths } from './paths.ts';
import { bootId } from './process-owner.ts';

const READ_BYTES = 1024 * 1024;
const LAYERS_AT_ONCE = 16;

export interface UnsyncedLayer {
  readonly diffId: Digest;
  /** A finished file with these bytes; undefined: the tar is a synced blob already. */
  readonly tar: string | undefined;
  /** A finished file, too. */
  readonly index: string;
}

/** Puts tar and index in their places, and remembers that nobody has waited for the disk. */
export function putUnsynced(
  paths: StorePaths,
  metadata: Metadata,
  { diffId, tar, index }: UnsyncedLayer,
): void {
  metadata.run('INSERT OR REPLACE INTO unsynced VALUES (?, ?)', diffId, bootId());
  onDiskSync(paths.index(diffId), () => renameSync(index, paths.index(diffId)));
  if (tar !== undefined) onDiskSync(tar, () => renameSync(tar, paths.blob(diffId)));
}

/**
 * Has the disk take what it has not yet, of all layers or of these; then nothing needs to be remembered
 * of them. Several at once: then the file system writes its journal once for them.
 */
export async function settleUnsynced(
  paths: StorePaths,
  metadata: Metadata,
  only?: ReadonlySet<Digest>,
): Promise<void> {
  const due = unsyncedIn(metadata, '=').filter((diffId) => only?.has(diffId) ?? true);
  for (let at = 0; at < due.length; at += LAYERS_AT_ONCE) {
    const layers = due.slice(at, at + LAYERS_AT_ONCE);
    const files = layers.flatMap((diffId) => [paths.blob(diffId), paths.index(diffId)]);
    await Promise.all(files.map(syncFile));
    // Their names, too.
    await Promise.all([...new Set(files.map(dirname))].map(syncFile));
    metadata.transaction(() => {
      for (const diffId of layers) metadata.run('DELETE FROM unsynced WHERE digest = ?', diffId);
    });
  }
}

/** Of what was written before the machine started, removes what did not reach the disk. */
export function dropLost(paths: StorePaths, metadata: Metadata): void {
  if (unsyncedIn(metadata, '<>').length === 0) return;
  metadata.transaction(() => {
    for (const diffId of unsyncedIn(metadata, '<>')) {
      // The index is small and has no digest of its own to be checked by.
      rmSync(paths.index(diffId), { force: true });
      if (!isWhole(paths.blob(diffId), diffId)) rmSync(paths.blob(diffId), { force: true });
      metadata.run('DELETE FROM unsynced WHERE digest = ?', diffId);
    }
  });
}

/** Of this boot (`=`) or of earlier ones (`<>`). */
function unsyncedIn(metadata: Metadata, boot: '=' | '<>'): readonly Digest[] {
  const rows = metadata.all(`SELECT digest FROM unsynced WHERE boot ${boot} ?`, bootId());
  return rows.map((row) => digestIn(row, 'digest'));
}

async function syncFile(path: string): Promise<void> {
  try {
    await using file = await onDisk(path, () => open(path, 'r'));
    await onDisk(path, () => file.sync());
  } catch (error) {
    // Removed meanwhile: then there is nothing to keep.
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function isWhole(path: string, digest: Digest): boolean {
  const hasher = createHasher(algorithmOf(digest));
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  try {
    const file = onDiskSync(path, () => openSync(path, 'r'));
    try {
      for (let read = -1; read !== 0; ) {
        read = onDiskSync(path, () => readSync(file, buffer, 0, READ_BYTES, null));
        hasher.update(buffer.subarray(0, read));
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  return hasher.digest() === digest;
}
