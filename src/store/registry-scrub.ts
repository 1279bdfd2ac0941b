/**
 * Reads what the registry serves and hashes it again: a piece at a time in the background, or all of it
 * (`registry check`). Who fetches a damaged blob would only learn that it is; set aside, it is pushed
 * again by the next client that has it.
 */
import { algorithmOf, createHasher, type Digest } from '#core/digest.ts';
import { errnoOf, isSlipwayError } from '#core/errors.ts';
import { readFileChunks } from './file-read.ts';
import { quarantineBlob } from './fsck-blobs.ts';
import { digestIn, type Metadata, numberOf, textOf } from './metadata.ts';
import type { StorePaths } from './paths.ts';

const DIGESTS_AT_ONCE = 64;

export interface DamagedBlob {
  readonly digest: Digest;
  readonly problem: 'lost' | 'damaged';
  /** What it hashes to, or why it cannot be read. */
  readonly found?: string;
  /** Those that show it. */
  readonly repositories: readonly string[];
}

export interface ScrubOptions {
  readonly signal?: AbortSignal;
  /** Called for each chunk that was read: to be slow. */
  readonly pace?: (bytes: number) => Promise<void>;
  /** Put damaged blobs into quarantine. */
  readonly repair?: boolean;
}

export interface ScrubbedBlob {
  readonly digest: Digest;
  readonly bytes: number;
  readonly damage?: DamagedBlob;
}

/** Every blob and manifest of the registry after a digest, in order. */
export async function* scrubBlobs(
  paths: StorePaths,
  metadata: Metadata,
  { after = '', ...options }: ScrubOptions & { readonly after?: string },
): AsyncGenerator<ScrubbedBlob> {
  for (let last = after; ; ) {
    const digests = servedAfter(metadata, last);
    for (const digest of digests) {
      options.signal?.throwIfAborted();
      yield await scrubOne(paths, metadata, { digest, ...options });
    }
    last = digests.at(-1) ?? '';
    if (digests.length < DIGESTS_AT_ONCE) return;
  }
}

/** How far a pass has come. */
export interface ScrubPosition {
  /** Undefined: it was ended. */
  readonly after: string | undefined;
  /** 0: there was none yet. */
  readonly beganAtMs: number;
}

/** Of the pass that was begun last. */
export function scrubPosition(metadata: Metadata): ScrubPosition {
  const row = metadata.get('SELECT after, began_at_ms FROM scrub');
  if (!row) return { after: undefined, beganAtMs: 0 };
  const after = textOf(row, 'after');
  return { after: after === DONE ? undefined : after, beganAtMs: numberOf(row, 'began_at_ms') };
}

export function noteScrub(metadata: Metadata, { after, beganAtMs }: ScrubPosition): void {
  metadata.run('INSERT OR REPLACE INTO scrub VALUES (1, ?, ?)', after ?? DONE, beganAtMs);
}

/** After every digest. */
const DONE = '~';

async function scrubOne(
  paths: StorePaths,
  metadata: Metadata,
  { digest, signal, pace, repair }: ScrubOptions & { readonly digest: Digest },
): Promise<ScrubbedBlob> {
  const hasher = createHasher(algorithmOf(digest));
  let bytes = 0;
  let found: string | undefined;
  try {
    for await (const chunk of readFileChunks(paths.blob(digest), signal ? { signal } : {})) {
      hasher.update(chunk);
      bytes += chunk.byteLength;
      await pace?.(chunk.byteLength);
    }
    found = hasher.digest();
  } catch (error) {
    if (isSlipwayError(error, 'DISK_FAILED')) found = 'the disk fails there';
    else if (errnoOf(error) !== 'ENOENT') throw error;
  }
  if (found === digest) return { digest, bytes };
  const repositories = showing(metadata, digest);
  // Collected while we read it: nobody misses it.
  if (repositories.length === 0) return { digest, bytes };
  if (found === undefined)
    return { digest, bytes, damage: { digest, problem: 'lost', repositories } };
  if (repair) await quarantineBlob(paths, digest, signal);
  return { digest, bytes, damage: { digest, problem: 'damaged', found, repositories } };
}

function servedAfter(metadata: Metadata, after: string): readonly Digest[] {
  const rows = metadata.all(
    `SELECT digest FROM (SELECT DISTINCT digest FROM links WHERE digest > ?1 ORDER BY digest LIMIT ?2)
     UNION
     SELECT digest FROM (SELECT DISTINCT digest FROM manifests INDEXED BY manifests_by_digest
       WHERE digest > ?1 AND space = 'registry' ORDER BY digest LIMIT ?2)
     ORDER BY digest LIMIT ?2`,
    after,
    DIGESTS_AT_ONCE,
  );
  return rows.map((row) => digestIn(row, 'digest'));
}

function showing(metadata: Metadata, digest: Digest): readonly string[] {
  const rows = metadata.all(
    `SELECT repository FROM links WHERE digest = ?1 UNION
     SELECT repository FROM manifests WHERE space = 'registry' AND digest = ?1 ORDER BY repository`,
    digest,
  );
  return rows.map((row) => textOf(row, 'repository'));
}
