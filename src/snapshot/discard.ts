/** The end of a root's folder: into the trash at once, and deleted there, by whom nobody waits for. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { NativeHelper } from '#layer/native.ts';
import type { StorePaths } from '#store/paths.ts';

/** So many names are deleted sooner than a process is started. */
const FEW_NAMES = 100;

/** A killed process leaves at most trash, which the store collects. */
export async function discard(
  paths: StorePaths,
  helper: Pick<NativeHelper, 'removeLater'>,
  folder: string,
): Promise<void> {
  const trash = paths.temporary('trash');
  await mkdir(dirname(trash), { recursive: true });
  await rename(folder, trash);
  if ((await hasMany(trash)) && (await helper.removeLater(trash))) return;
  await rm(trash, { recursive: true, force: true });
}

/** Looks no further than it must. What cannot be looked into, as overlay's work folder, counts as empty. */
async function hasMany(root: string): Promise<boolean> {
  const folders = [root];
  let names = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      names += 1;
      if (names > FEW_NAMES) return true;
      if (entry.isDirectory()) folders.push(join(folder, entry.name));
    }
  }
  return false;
}
