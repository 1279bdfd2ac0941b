/**
 * The plain tar of one layer becomes a folder that can serve as an overlay lower: the twin of the
 * helper's `unpack`, for hostile input. Nothing outside the folder is touched: every directory on the
 * way is looked at before it is used, and a symlink in the way is replaced by a directory, as in the
 * layer index. That holds while nobody else writes to the folder; Node has no *at calls to be stricter.
 *
 * Whiteouts, devices and attributes need the caller's HostCalls; times are kept to the millisecond.
 */
import { createReadStream } from 'node:fs';
import { readTar } from '#archive/tar-read.ts';
import { type FolderWarning, onPath } from './folder-errors.ts';
import type { HostCalls } from './host-calls.ts';
import { UnpackTarget } from './unpack-target.ts';

export interface UnpackOptions {
  /** A plain tar: a regular file. */
  readonly tar: string;
  /** Another one, unpacked first: what the layer takes from those below it (from-below.ts). */
  readonly before?: string;
  /** Exists, and is empty. After a failure it is half full: throw it away. Not synced. */
  readonly folder: string;
  /** Opaque marks are user.overlay.opaque, as an overlay in a user namespace wants them. */
  readonly userXattr: boolean;
  readonly signal?: AbortSignal;
}

export interface UnpackResult {
  /** Of `tar`, whiteouts included. */
  readonly entries: number;
  readonly warnings: readonly FolderWarning[];
}

/**
 * Whiteouts become char devices 0:0, opaque directories get overlay's attribute; both only count for
 * what the layers below have. As root, owners are restored and devices made; otherwise everything
 * belongs to the caller. A directory that no entry describes is 0755, 0:0, time 0.
 * @throws ARCHIVE_INVALID, ENTRY_REFUSED, DISK_FULL, PERMISSION, FILE_MISSING; HELPER_MISSING for a
 * whiteout without `host`
 */
export async function unpackTar(
  options: UnpackOptions & { readonly host?: Omit<HostCalls, 'readXattrs'> },
): Promise<UnpackResult> {
  const target = new UnpackTarget(options);
  if (options.before !== undefined) await unpackEntries(target, options.before, options.signal);
  const entries = await unpackEntries(target, options.tar, options.signal);
  target.finish();
  return { entries, warnings: target.warnings };
}

/** Returns how many there were. */
async function unpackEntries(
  target: UnpackTarget,
  tar: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  const source = createReadStream(tar, { highWaterMark: 1024 * 1024 });
  let entries = 0;
  try {
    for await (const found of readTar(source, signal === undefined ? {} : { signal })) {
      await target.add(found);
      entries++;
    }
  } catch (error) {
    // createReadStream reports a missing tar only when it is read.
    onPath(tar, () => {
      throw error;
    });
  }
  return entries;
}
