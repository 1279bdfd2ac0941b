/**
 * The stub folder: empty mount points (/proc, /dev, /etc/hosts …) as the lowest lower of every
 * container's overlay. What an image lacks comes from here, so no mount point is ever made in the
 * upper folder, and none ends up in a layer.
 */
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf } from '#core/errors.ts';
import type { StorePaths } from '#store/paths.ts';

export const STUB_FOLDERS: readonly string[] = ['dev', 'etc', 'proc', 'sys'];
export const STUB_FILES: readonly string[] = ['etc/hosts', 'etc/resolv.conf'];

/** The folder's path; made at the first call. Safe against others doing the same. */
export function stubFolder(paths: StorePaths): string {
  if (existsSync(paths.stubs)) return paths.stubs;
  const temporary = paths.temporary('ingest');
  for (const folder of STUB_FOLDERS) mkdirSync(join(temporary, folder), { recursive: true });
  for (const file of STUB_FILES) writeFileSync(join(temporary, file), '');
  // Afterwards, because the umask takes its part of every mode given before.
  for (const folder of ['', ...STUB_FOLDERS]) chmodSync(join(temporary, folder), 0o755);
  for (const file of STUB_FILES) chmodSync(join(temporary, file), 0o644);
  mkdirSync(dirname(paths.stubs), { recursive: true });
  try {
    renameSync(temporary, paths.stubs);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
  }
  return paths.stubs;
}
