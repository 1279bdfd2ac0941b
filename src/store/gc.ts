/**
 * What gc (sweep.ts) and prune share: pieces of garbage that are renamed into trash/ inside the
 * transaction in which that was decided, and deleted after it.
 */
import { renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Digest } from '#core/digest.ts';
import { errnoOf } from '#core/errors.ts';
import { diskBytes } from './disk-files.ts';
import type { Garbage, GarbageKind, PlanOptions } from './garbage.ts';
import type { StorePaths } from './paths.ts';

export interface GcOptions extends PlanOptions {
  /** Only say what would be removed, to the byte. */
  readonly dryRun?: boolean;
  /** How long an upload to the registry waits for the manifest that needs it. Default: a day. */
  readonly graceMs?: number;
  /** How long nobody touched an upload that is abandoned. Default: a week. */
  readonly uploadTtlMs?: number;
  /** Pauses after each piece of work, in multiples of its time. Default: only to let others have a turn. */
  readonly rest?: number;
  readonly signal?: AbortSignal;
}

export interface GcResult {
  /** Blobs, sorted. What was derived from them (indexes, unpacked folders) goes with them, unlisted. */
  readonly removed: readonly Digest[];
  /** Of everything removed, as `du -sb` counts it. */
  readonly freedBytes: number;
  /** The same by kind; kinds of which nothing went are left out. */
  readonly freed: Readonly<Partial<Record<GarbageKind, Freed>>>;
}

export interface Freed {
  readonly count: number;
  readonly bytes: number;
}

/** Garbage and where it lies now: in trash/, or for a dry run where it was. */
export interface TakenGarbage extends Garbage {
  readonly at: string;
}

/** What went so far. */
export class GcTally {
  readonly #removed: Digest[] = [];
  readonly #freed: Partial<Record<GarbageKind, Freed>> = {};

  add({ kind, digest }: Garbage, pieceBytes: number): void {
    const { count, bytes } = this.#freed[kind] ?? { count: 0, bytes: 0 };
    this.#freed[kind] = { count: count + 1, bytes: bytes + pieceBytes };
    if (kind === 'blob' && digest) this.#removed.push(digest);
  }

  result(): GcResult {
    const freedBytes = Object.values(this.#freed).reduce((sum, { bytes }) => sum + bytes, 0);
    return { removed: this.#removed.toSorted(), freedBytes, freed: this.#freed };
  }
}

/** Call it inside the transaction; {@link disposePieces} must follow. */
export function takePieces(
  paths: StorePaths,
  garbage: readonly Garbage[],
): readonly TakenGarbage[] {
  return garbage.flatMap((piece) => {
    const at = discard(paths, piece.path);
    return at === undefined ? [] : [{ ...piece, at }];
  });
}

/** Measures and, unless it is a dry run, deletes. Measuring large folders is not for a transaction. */
export async function disposePieces(
  pieces: readonly TakenGarbage[],
  tally: GcTally,
  { dryRun }: Pick<GcOptions, 'dryRun'>,
): Promise<void> {
  for (const piece of pieces) {
    tally.add(piece, diskBytes(piece.at));
    if (!dryRun) await rm(piece.at, { recursive: true, force: true });
  }
}

/** Renames out of sight; gives the new path. Undefined: another gc was here before. */
function discard(paths: StorePaths, path: string): string | undefined {
  const trash = paths.temporary('trash');
  try {
    renameSync(path, trash);
    return trash;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return undefined;
  }
}
