/**
 * Pruning: names and cache records go, and then whatever only they kept. The rows come first, in a
 * transaction of their own: a prune that is killed in between leaves garbage, not names without their
 * content. A dry run does the same and takes the rows back, so that what it says is what the real run
 * would do to the byte.
 */
import type { Digest } from '#core/digest.ts';
import type { CacheEntry } from './cache-entries.ts';
import { planGarbage } from './garbage.ts';
import { disposePieces, type GcOptions, type GcResult, GcTally } from './gc.ts';
import { type Metadata, textOf } from './metadata.ts';
import type { StorePaths } from './paths.ts';
import { type CachePruning, forgetCache } from './prune-cache.ts';
import { heldDigests } from './reachable.ts';
import { sweep } from './sweep.ts';

/** One manifest of the image store to be forgotten, as it was seen when it was chosen. */
export interface PrunedManifest {
  readonly repository: string;
  readonly digest: Digest;
  /** Its tags then: with others now, somebody has taken it up again and it stays. */
  readonly tags: readonly string[];
}

/** One image with all its manifests. */
export interface PrunedImage {
  readonly imageId: Digest;
  readonly manifests: readonly PrunedManifest[];
}

export interface PruneRequest extends Pick<GcOptions, 'merged'> {
  readonly images?: readonly PrunedImage[];
  /** Absent: the build cache stays. */
  readonly cache?: CachePruning;
  readonly dryRun?: boolean;
}

export interface PruneResult extends GcResult {
  /** What went; images that somebody uses are left out. */
  readonly images: readonly Digest[];
  readonly cache: readonly CacheEntry[];
}

/** Images and cache that may go at once, and what only they kept. */
export async function prune(
  paths: StorePaths,
  metadata: Metadata,
  request: PruneRequest,
): Promise<PruneResult> {
  const gc: GcOptions = { merged: request.merged ?? 'all', dryRun: request.dryRun ?? false };
  const forget = () => {
    const held = new Set(heldDigests(metadata));
    const images = (request.images ?? []).filter((image) => forgetImage(metadata, image, held));
    const cache = request.cache ? forgetCache(paths, metadata, { ...request.cache, held }) : [];
    return { images: images.map(({ imageId }) => imageId), cache };
  };
  if (!request.dryRun) {
    const forgotten = metadata.transaction(forget, { durable: true });
    return { ...forgotten, ...(await sweep(paths, metadata, gc)) };
  }
  const { garbage, ...forgotten } = rolledBack(metadata, () => ({
    ...forget(),
    garbage: planGarbage(paths, metadata, gc).garbage,
  }));
  const tally = new GcTally();
  const pieces = garbage.map((piece) => ({ ...piece, at: piece.path }));
  await disposePieces(pieces, tally, gc);
  return { ...forgotten, ...tally.result() };
}

/** Does the work in a transaction and takes everything back. */
function rolledBack<T>(metadata: Metadata, work: () => T): T {
  const done: T[] = [];
  const stop = new Error('a dry run ends here');
  try {
    metadata.transaction(() => {
      done.push(work());
      throw stop;
    });
  } catch (error) {
    if (error !== stop) throw error;
  }
  const [result] = done;
  if (result === undefined) throw stop;
  return result;
}

/** False, and nothing changed, when the image has other tags by now or somebody works with it. */
function forgetImage(
  metadata: Metadata,
  { imageId, manifests }: PrunedImage,
  held: ReadonlySet<Digest>,
): boolean {
  const isUsed = held.has(imageId) || manifests.some(({ digest }) => held.has(digest));
  if (isUsed || !manifests.every((manifest) => isAsSeen(metadata, manifest))) return false;
  for (const { repository, digest } of manifests) {
    const sql = "DELETE FROM manifests WHERE space = 'images' AND repository = ? AND digest = ?";
    metadata.run(sql, repository, digest);
    metadata.run('DELETE FROM aliases WHERE repository = ? AND target = ?', repository, digest);
  }
  return true;
}

function isAsSeen(metadata: Metadata, { repository, digest, tags }: PrunedManifest): boolean {
  const rows = metadata.all(
    "SELECT tag FROM tags WHERE space = 'images' AND repository = ? AND digest = ?",
    repository,
    digest,
  );
  return rows.length === tags.length && rows.every((row) => tags.includes(textOf(row, 'tag')));
}
