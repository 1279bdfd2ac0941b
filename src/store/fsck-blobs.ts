/** fsck of blobs: each one read and hashed, unless it shall be quick. */
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { algorithmOf, createHasher, type Digest } from '#core/digest.ts';
import { errnoOf, isSlipwayError } from '#core/errors.ts';
import { onDiskSync } from './disk-errors.ts';
import { digestFiles } from './disk-files.ts';
import { readFileChunks } from './file-read.ts';
import type { Finding, Fsck } from './fsck-finding.ts';
import type { StorePaths } from './paths.ts';

export interface CheckedBlobs {
  readonly findings: readonly Finding[];
  /** Bytes of every blob that is here, damaged ones too. */
  readonly sizes: ReadonlyMap<Digest, number>;
  /** Bytes; also of what was put here since the blobs were listed. */
  sizeOf(digest: Digest): number | undefined;
  /** Here, and not known to be damaged. */
  isGood(digest: Digest): boolean;
}

export async function checkBlobs(fsck: Fsck): Promise<CheckedBlobs> {
  const { paths, quick, signal } = fsck;
  const sizes = new Map<Digest, number>();
  const damaged = new Map<Digest, string>();
  for (const { digest, path } of digestFiles(paths, ['blob'])) {
    signal?.throwIfAborted();
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    // Garbage may be collected while we look.
    if (size === undefined) continue;
    sizes.set(digest, size);
    const problem = quick ? undefined : await damageOf(path, digest, signal);
    if (problem !== undefined) damaged.set(digest, problem);
  }
  const findings = [...damaged].map(([digest, problem]) => ({
    kind: 'blob-damaged' as const,
    isError: true,
    what: `blob ${digest} ${problem}`,
    consequence:
      'a repair sets it aside in quarantine/; images that need it have to be pulled, loaded or built again',
    repair: () => quarantineBlob(paths, digest, signal),
  }));
  const sizeOf = (digest: Digest) =>
    sizes.get(digest) ?? statSync(paths.blob(digest), { throwIfNoEntry: false })?.size;
  return {
    findings,
    sizes,
    sizeOf,
    isGood: (digest) => sizeOf(digest) !== undefined && !damaged.has(digest),
  };
}

/** What is wrong with the content; undefined when nothing is, or when it is gone. */
async function damageOf(
  path: string,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const hasher = createHasher(algorithmOf(digest));
  try {
    for await (const chunk of readFileChunks(path, signal ? { signal } : {})) hasher.update(chunk);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    if (isSlipwayError(error, 'DISK_FAILED')) return 'cannot be read: the disk fails there';
    throw error;
  }
  const found = hasher.digest();
  return found === digest ? undefined : `is damaged: its content hashes to ${found}`;
}

/** Out of the way of whoever fetches it again. Somebody may have repaired it meanwhile. */
export async function quarantineBlob(
  paths: StorePaths,
  digest: Digest,
  signal?: AbortSignal,
): Promise<void> {
  const path = paths.blob(digest);
  if ((await damageOf(path, digest, signal)) === undefined) return;
  onDiskSync(path, () => {
    mkdirSync(paths.quarantine, { recursive: true, mode: 0o700 });
    renameSync(path, paths.quarantined(digest));
  });
}
