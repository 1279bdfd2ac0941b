/**
 * fsck of what is derived from layers: indexes against the tars they describe, merged images. All of
 * it can be made again, so a repair removes it, and makes an index anew where its tar is good.
 */
import { readFileSync, rmSync, statSync } from 'node:fs';
import type { Digest } from '#core/digest.ts';
import { errnoOf, isSlipwayError } from '#core/errors.ts';
import { checkImage } from '#layer/erofs-check.ts';
import { BLOCK } from '#layer/erofs-format.ts';
import { ErofsImage } from '#layer/erofs-read.ts';
import { indexTar } from '#layer/index-tar.ts';
import { type DigestFile, digestFiles } from './disk-files.ts';
import { readFileChunks } from './file-read.ts';
import type { CheckedBlobs } from './fsck-blobs.ts';
import type { Finding, Fsck } from './fsck-finding.ts';
import { wholeLayer } from './whole-layer.ts';

export interface CheckedDerived {
  readonly findings: readonly Finding[];
  /** Layers with an index. */
  readonly count: number;
}

export async function checkDerived(fsck: Fsck, blobs: CheckedBlobs): Promise<CheckedDerived> {
  const findings: Finding[] = [];
  const indexes = digestFiles(fsck.paths, ['index']);
  for (const file of indexes) {
    fsck.signal?.throwIfAborted();
    const problem = await indexProblem(fsck, file, blobs);
    if (problem !== undefined) findings.push(indexFinding(fsck, file, { problem, blobs }));
  }
  for (const file of digestFiles(fsck.paths, ['merged'])) {
    fsck.signal?.throwIfAborted();
    const problem = file.path.endsWith('.erofs') ? imageProblem(fsck, file.path) : undefined;
    if (problem !== undefined) findings.push(mergedFinding(file, problem));
  }
  return { findings, count: indexes.length };
}

/** What is wrong with an index; undefined also when it is gone by now. */
async function indexProblem(
  fsck: Fsck,
  { digest, path }: DigestFile,
  blobs: CheckedBlobs,
): Promise<string | undefined> {
  const problem = imageProblem(fsck, path);
  if (problem !== undefined || !isHere(path)) return problem;
  const tarBytes = blobs.sizeOf(digest);
  if (tarBytes === undefined) return isHere(path) ? 'has no tar' : undefined;
  if (!blobs.isGood(digest)) return 'belongs to a damaged tar';
  const { deviceBlocks } = new ErofsImage(readFileSync(path));
  if (deviceBlocks.length !== 1 || deviceBlocks[0] !== Math.ceil(tarBytes / BLOCK)) {
    return 'is of a tar of another length';
  }
  if (fsck.quick) return undefined;
  const made = await indexOf(fsck, digest);
  if (made === undefined) return 'is of a tar that cannot be read as one';
  return Buffer.compare(made, readFileSync(path)) === 0 ? undefined : 'does not fit its tar';
}

/** What the strict reader says to the whole image. */
function imageProblem({ quick }: Fsck, path: string): string | undefined {
  try {
    const bytes = readFileSync(path);
    if (quick) new ErofsImage(bytes);
    else checkImage(bytes);
    return undefined;
  } catch (error) {
    if (isSlipwayError(error, 'INDEX_INVALID')) return `cannot be used (${error.message})`;
    if (errnoOf(error) === 'ENOENT') return undefined;
    if (errnoOf(error) === 'EIO') return 'cannot be read: the disk fails there';
    throw error;
  }
}

async function indexOf({ paths, signal }: Fsck, diffId: Digest): Promise<Uint8Array | undefined> {
  const options = signal ? { signal } : {};
  try {
    return (await indexTar(readFileChunks(paths.blob(diffId), options), options)).index;
  } catch (error) {
    if (isSlipwayError(error, 'ARCHIVE_INVALID', 'ENTRY_REFUSED')) return undefined;
    throw error;
  }
}

function indexFinding(
  fsck: Fsck,
  { digest, path }: DigestFile,
  { problem, blobs }: { readonly problem: string; readonly blobs: CheckedBlobs },
): Finding {
  return {
    kind: 'index-damaged',
    isError: true,
    what: `index of layer ${digest} ${problem}`,
    consequence: 'files of images may be read wrongly; a repair makes it again from the layer',
    repair: async () => {
      rmSync(path, { force: true });
      const index = blobs.isGood(digest) ? await indexOf(fsck, digest) : undefined;
      if (index && !wholeLayer(fsck.paths, digest)) await fsck.layers.addIndex(digest, index);
    },
  };
}

function mergedFinding({ digest, path }: DigestFile, problem: string): Finding {
  return {
    kind: 'merged-damaged',
    isError: true,
    what: `merged image of chain ${digest} ${problem}`,
    consequence:
      'containers would see wrong files; a repair removes it, the next run makes it again',
    repair: () => rmSync(path, { force: true }),
  };
}

function isHere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
