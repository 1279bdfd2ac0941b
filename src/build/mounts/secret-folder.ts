/**
 * A private folder for a secret, in memory where this machine has a place for that: what is on a disk
 * can be found there later. Its name says whose it is; those of dead processes go with the next one of
 * the same user: the place is everybody's, and a folder of somebody else is neither ours to remove nor
 * to be trusted.
 */
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onDisk } from '#store/disk-errors.ts';
import { currentOwner, ownerOfName, ownerState } from '#store/process-owner.ts';

const PREFIX = 'slipway-secret-';
/** A tmpfs on every Linux machine that follows the custom. */
const MEMORY = '/dev/shm';

export interface SecretFolder extends AsyncDisposable {
  readonly folder: string;
}

/** The caller disposes it. */
export async function secretFolder(): Promise<SecretFolder> {
  const parent = existsSync(MEMORY) ? MEMORY : tmpdir();
  await removeDead(parent);
  const folder = join(parent, `${PREFIX}${currentOwner()}.${crypto.randomUUID()}`);
  await onDisk(folder, () => mkdir(folder, { mode: 0o700 }));
  return {
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function removeDead(parent: string): Promise<void> {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = join(parent, name);
    const owner = ownerOfName(name.slice(PREFIX.length));
    if (ownerState(owner) !== 'dead') continue;
    if (lstatSync(path, { throwIfNoEntry: false })?.uid !== process.getuid?.()) continue;
    await rm(path, { recursive: true, force: true });
  }
}
