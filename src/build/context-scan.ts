/**
 * A folder of the context read at once: walked and hashed by the helper, which remembers what it found
 * and reads no file again that did not change. What .dockerignore leaves out is neither walked nor
 * read.
 */
import { createHash } from 'node:crypto';
import { type Dirent, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ByteString, byteStringOf, bytesOf, displayBytes } from '#core/bytes.ts';
import { isSlipwayError } from '#core/errors.ts';
import type { IgnoreMatcher } from '#dockerfile/dockerignore.ts';
import { joinBytes } from '#layer/folder-walk.ts';
import type { NativeHelper } from '#layer/native.ts';
import { type ScannedEntry, type ScanOptions, scanFile, scanFolder } from '#layer/scan.ts';
import { dropOldest } from '#store/oldest-files.ts';
import { joinPath } from './file-tree.ts';
import type { BuildSession } from './session.ts';
import { mayNotRead } from './unreadable.ts';

/** Of a hundred contexts the older half is forgotten. */
const CACHES_MAX = 100;

export interface ContextScanner {
  readonly helper: Pick<NativeHelper, 'scan'>;
  /** For what is remembered; made when missing. */
  readonly cacheFolder: string;
  readonly signal: AbortSignal;
}

/** What was found is remembered in the build's store. */
export function scannerOf({ helper, store, signal }: BuildSession): ContextScanner {
  return { helper, cacheFolder: store.paths.scans, signal };
}

/** What is below a folder, of the context `root`, in the order of the walk; paths are below that folder. */
export async function scanContext(
  scanner: ContextScanner,
  place: { readonly root: string; readonly path: ByteString; readonly ignore: IgnoreMatcher },
): Promise<readonly ScannedEntry[] | undefined> {
  const { root, path, ignore } = place;
  const folder = joinBytes(Buffer.from(root), path);
  // Arguments are text: a folder whose name is none is read file by file.
  const name = folder.toString();
  if (!Buffer.from(name).equals(folder)) return undefined;
  const options: ScanOptions = {
    root: name,
    cacheFile: cacheFile(scanner, root, path),
    skip: ignoredPaths(Buffer.from(root), path, ignore),
    signal: scanner.signal,
  };
  try {
    return (await scanned(scanner, options)).entries;
  } catch (error) {
    throw asInputError(error, name);
  } finally {
    dropOldest(scanner.cacheFolder, CACHES_MAX);
  }
}

async function scanned({ helper }: ContextScanner, options: ScanOptions) {
  try {
    return await helper.scan(options);
  } catch (error) {
    if (!isSlipwayError(error, 'HELPER_MISSING')) throw error;
    return scanFolder(options);
  }
}

/** What may not be read is the user's file, and theirs to change or leave out. */
function asInputError(error: unknown, folder: string): unknown {
  if (!isSlipwayError(error, 'PERMISSION')) return error;
  const path = String(error.detail.path ?? '').replace(/^"|"$/g, '');
  // What is remembered lies elsewhere.
  if (path.startsWith('/') && path !== folder) return error;
  return mayNotRead(path === folder ? folder : join(folder, path), error.cause ?? error);
}

/** The sha256 of one file, hex; remembered as well. */
export function scanContextFile(scanner: ContextScanner, root: string, path: ByteString) {
  try {
    const digest = scanFile({ root, path, cacheFile: cacheFile(scanner, root, path) });
    return digest?.slice('sha256:'.length);
  } catch (error) {
    throw asInputError(error, root);
  } finally {
    dropOldest(scanner.cacheFolder, CACHES_MAX);
  }
}

function cacheFile({ cacheFolder }: ContextScanner, root: string, path: ByteString): string {
  mkdirSync(cacheFolder, { recursive: true, mode: 0o700 });
  const name = createHash('sha256').update(root).update('\0').update(bytesOf(path)).digest('hex');
  return join(cacheFolder, name.slice(0, 32));
}

/**
 * The paths below a folder of the context that are left out, relative to it, each with all beneath.
 * Reads names only, and only as deep as patterns reach.
 */
export function ignoredPaths(
  root: Buffer,
  folder: ByteString,
  ignore: IgnoreMatcher,
): readonly ByteString[] {
  const patterns = ignore.patterns.filter((pattern) => !pattern.startsWith('!'));
  if (patterns.length === 0) return [];
  const depthMax = patterns.some((pattern) => pattern.includes('**'))
    ? Number.POSITIVE_INFINITY
    : Math.max(...patterns.map((pattern) => pattern.split('/').length));
  const found: ByteString[] = [];
  const visit = (path: ByteString, below: ByteString, depth: number): void => {
    for (const entry of namesIn(joinBytes(root, path))) {
      const name = byteStringOf(entry.name);
      const at = joinPath(path, name);
      const relative = joinPath(below, name);
      const text = displayBytes(at);
      const isIgnored = ignore.ignores(text);
      if (isIgnored && !(entry.isDirectory() && ignore.mayContainIncluded(text))) {
        found.push(relative);
      } else if (entry.isDirectory() && (isIgnored || depth < depthMax)) {
        visit(at, relative, depth + 1);
      }
    }
  };
  visit(folder, '' as ByteString, folder === '' ? 1 : folder.split('/').length + 1);
  return found;
}

function namesIn(folder: Buffer): readonly Dirent<Buffer>[] {
  return readdirSync(folder, { encoding: 'buffer', withFileTypes: true });
}
