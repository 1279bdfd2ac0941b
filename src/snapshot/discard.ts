/** The end of a root's folder: into the trash at once, and deleted there, by whom nobody waits for. */
import { type Dirent, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
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
  mkdirSync(dirname(trash), { recursive: true });
  renameSync(folder, trash);
  if (hasMany(trash) && (await helper.removeLater(trash))) return;
  // Blocking: one name at a time through the thread pool takes longer than the step that wrote them.
  rmSync(trash, { recursive: true, force: true });
}

/** Looks no further than it must. What cannot be looked into, as overlay's work folder, counts as empty. */
function hasMany(root: string): boolean {
  const folders = [root];
  let names = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of entriesOf(folder)) {
      names += 1;
      if (names > FEW_NAMES) return true;
      if (entry.isDirectory()) folders.push(join(folder, entry.name));
    }
  }
  return false;
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
