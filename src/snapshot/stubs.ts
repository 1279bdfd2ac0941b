/**
 * The stub folder: empty mount points (/proc, /dev, /etc/hosts …) as the lowest lower of every
 * container's overlay. What an image lacks comes from here, so no mount point is ever made in the
 * upper folder, and none ends up in a layer.
 */
import { chmod, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf } from '#core/errors.ts';
import type { StorePaths } from '#store/paths.ts';

export const STUB_FOLDERS: readonly string[] = ['dev', 'etc', 'proc', 'sys'];
export const STUB_FILES: readonly string[] = ['etc/hosts', 'etc/resolv.conf'];

/** The folder's path; made at the first call. Safe against others doing the same. */
export async function stubFolder(paths: StorePaths): Promise<string> {
  if (await exists(paths.stubs)) return paths.stubs;
  const temporary = paths.temporary('ingest');
  for (const folder of STUB_FOLDERS) await mkdir(join(temporary, folder), { recursive: true });
  for (const file of STUB_FILES) await writeFile(join(temporary, file), '');
  // Afterwards, because the umask takes its part of every mode given before.
  for (const folder of ['', ...STUB_FOLDERS]) await chmod(join(temporary, folder), 0o755);
  for (const file of STUB_FILES) await chmod(join(temporary, file), 0o644);
  await mkdir(dirname(paths.stubs), { recursive: true });
  try {
    await rename(temporary, paths.stubs);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
  }
  return paths.stubs;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
