/** Empties an OCI layout folder of what no entry of its index reaches any more. */
import { statSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, isDigest } from '#core/digest.ts';
import { errnoOf, isSlipwayError } from '#core/errors.ts';
import { onDisk } from './disk-errors.ts';
import { OciLayout } from './oci-layout.ts';
import { ownerState, UNSEEN_OWNER_TTL_MS } from './process-owner.ts';
import { walkImage } from './walk.ts';

/** An entry whose image is not whole keeps nothing from being removed but itself. */
export async function pruneLayout(
  folder: string,
  options: {
    /** The tag that stays; default all. */
    readonly keepOnly?: string;
    /**
     * What was in use before: of what nobody uses only this goes at once, the rest, which somebody else
     * may be about to use, when it is old. Default: everything.
     */
    readonly before?: ReadonlySet<Digest>;
  } = {},
): Promise<void> {
  const layout = await OciLayout.open(folder);
  if (options.keepOnly !== undefined) await layout.keepOnly(options.keepOnly);
  await removeLeft(folder);
  const reached = await reachedIn(layout);
  for (const algorithm of await namesIn(join(folder, 'blobs'))) {
    for (const encoded of await namesIn(join(folder, 'blobs', algorithm))) {
      const digest = `${algorithm}:${encoded}`;
      if (!isDigest(digest) || reached.has(digest)) continue;
      const path = join(folder, 'blobs', algorithm, encoded);
      const isMine = options.before?.has(digest) ?? true;
      if (isMine || ageOf(path) > UNUSED_AFTER_MS)
        await onDisk(path, () => rm(path, { force: true }));
    }
  }
}

/** What the entries of a layout's index need. */
export async function reachedIn(layout: OciLayout): Promise<ReadonlySet<Digest>> {
  const reached = new Set<Digest>();
  for (const { digest } of layout.entries) {
    reached.add(digest);
    try {
      const { manifests, blobs } = await walkImage(layout, { selector: digest });
      for (const { raw } of manifests) reached.add(raw.digest);
      for (const blob of blobs) reached.add(blob.digest);
    } catch (error) {
      if (!isSlipwayError(error, 'MANIFEST_UNKNOWN', 'MANIFEST_INVALID', 'DIGEST_MISMATCH'))
        throw error;
    }
  }
  return reached;
}

/** Whoever writes an image is done with it by then. */
const UNUSED_AFTER_MS = 60 * 60 * 1000;

/** Of a writer that is dead, and is not merely one of another machine that shares the folder. */
const DEAD_AFTER_MS = 10 * 60 * 1000;
const TEMPORARY = /^\.(?:blob|index\.json|oci-layout)\.(.*)\.[0-9a-f-]{36}$/;

/** Files of a layout that a killed writer did not finish. */
export async function removeLeft(folder: string): Promise<void> {
  for (const place of [folder, join(folder, 'blobs')]) await removeLeftIn(place);
}

async function removeLeftIn(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    const owner = TEMPORARY.exec(name)?.[1];
    if (owner === undefined) continue;
    const path = join(folder, name);
    const ageMs = ageOf(path);
    const state = ownerState(owner);
    const isLeft =
      (state === 'dead' && ageMs > DEAD_AFTER_MS) ||
      (state === 'unseen' && ageMs > UNSEEN_OWNER_TTL_MS);
    if (isLeft) await onDisk(path, () => rm(path, { force: true }));
  }
}

function ageOf(path: string): number {
  return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
}

/** None in what is no folder: a file being written by somebody else. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await onDisk(folder, () => readdir(folder));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOTDIR' || errno === 'ENOENT') return [];
    throw error;
  }
}
