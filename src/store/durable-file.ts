/**
 * The last step of every write: a finished temporary file gets its final name and both survive a
 * power cut. fsync the file, rename it, fsync the folder: in this order nobody ever sees a name
 * without its bytes.
 */
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from '#core/errors.ts';
import { onDisk } from './disk-errors.ts';

/** Moves `temporary` (same file system) to `path`, replacing what is there. */
export async function putInPlace(temporary: string, path: string): Promise<void> {
  await onDisk(path, async () => {
    await syncPath(temporary);
    await renameInto(temporary, path);
    await syncPath(dirname(path));
  });
}

/** Writes a whole small file durably; `temporary` is a fresh path on the same file system. */
export async function writeInPlace(
  temporary: string,
  path: string,
  bytes: Uint8Array,
  { mode = 0o644 }: { readonly mode?: number } = {},
): Promise<void> {
  try {
    await onDisk(path, async () => {
      await using file = await open(temporary, 'wx', mode);
      await writeAll(file, bytes);
    });
    await putInPlace(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Writes every byte; a short write is not an error of the system, only a hint to go on. */
export async function writeAll(
  file: FileHandle,
  bytes: Uint8Array,
  position: number | null = null,
): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const at = position === null ? null : position + done;
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, at);
    done += bytesWritten;
  }
}

async function renameInto(temporary: string, path: string): Promise<void> {
  try {
    await rename(temporary, path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true });
    await rename(temporary, path);
  }
}

async function syncPath(path: string): Promise<void> {
  await using handle = await open(path, 'r');
  await handle.sync();
}
