/**
 * A folder of the context read at once: walked and hashed by the helper, which remembers what it found
 * and reads no file again that did not change. What .dockerignore leaves out is neither walked nor
 * read.
 */
import { createHash } from 'node:crypto';
import { type Dirent, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { displayPath } from '#archive/entry-path.ts';
import { type ByteString, byteStringOf, displayBytes } from '#core/bytes.ts';
import { isSlipwayError } from '#core/errors.ts';
import type { IgnoreMatcher } from '#dockerfile/dockerignore.ts';
import { compareWalked, joinBytes } from '#layer/folder-walk.ts';
import type { NativeHelper } from '#layer/native.ts';
import {
  rememberedFiles,
  type ScannedEntry,
  type ScanOptions,
  type ScanResult,
  scanFolder,
} from '#layer/scan.ts';
import { dropOldest } from '#store/oldest-files.ts';
import { joinPath } from './file-tree.ts';
import type { BuildSession } from './session.ts';
import { mayNotRead } from './unreadable.ts';

/** One for each folder, or group of files, that a COPY takes: of so many the older half is forgotten. */
const CACHES_MAX = 500;

export interface ContextScanner {
  readonly helper: Pick<NativeHelper, 'scan'>;
  /** For what is remembered; made when missing. */
  readonly cacheFolder: string;
  readonly signal: AbortSignal;
  /** Told, once each, what is left out of the context. */
  readonly warn?: (text: string) => void;
}

/** What was found is remembered in the build's store. */
export function scannerOf({ helper, store, signal, vertices }: BuildSession): ContextScanner {
  const told = new Set<string>();
  const warn = (text: string): void => {
    if (told.has(text)) return;
    told.add(text);
    vertices.note('warning', text);
  };
  return { helper, cacheFolder: store.paths.scans, signal, warn };
}

/** What is below a folder of the context `root`; paths are below that folder. */
export async function scanContext(
  scanner: ContextScanner,
  place: { readonly root: string; readonly path: ByteString; readonly ignore: IgnoreMatcher },
): Promise<ScanResult | undefined> {
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
    const found = await scanned(scanner, options);
    for (const { message, path: below } of found.warnings) {
      scanner.warn?.(`${displayPath(joinPath(path, below))} of the context: ${message}`);
    }
    return found;
  } catch (error) {
    throw asInputError(error, name);
  } finally {
    dropOldest(scanner.cacheFolder, CACHES_MAX);
  }
}

async function scanned({ helper }: ContextScanner, options: ScanOptions): Promise<ScanResult> {
  try {
    return await helper.scan(options);
  } catch (error) {
    if (!isSlipwayError(error, 'HELPER_MISSING')) throw error;
    const { cacheFile, ...others } = options;
    // It cannot read attributes: the helper must not take from it that there are none.
    const own = cacheFile === undefined ? {} : { cacheFile: `${cacheFile}-plain` };
    return scanFolder({ ...others, ...own });
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

/** Some files of the context. @throws what cannot be read */
export async function scanContextFiles(
  scanner: ContextScanner,
  root: string,
  paths: readonly ByteString[],
): Promise<readonly ScannedEntry[]> {
  const only = [...paths].sort(compareWalked);
  const options = { root, only, cacheFile: cacheFile(scanner, root, only.join('\0')) };
  try {
    const { signal } = scanner;
    // A process is started for what changed; and for the young, which may change without a trace.
    return rememberedFiles(options) ?? (await scanned(scanner, { ...options, signal })).entries;
  } catch (error) {
    throw asInputError(error, root);
  } finally {
    dropOldest(scanner.cacheFolder, CACHES_MAX);
  }
}

function cacheFile({ cacheFolder }: ContextScanner, root: string, what: string): string {
  mkdirSync(cacheFolder, { recursive: true, mode: 0o700 });
  const hash = createHash('sha256').update(root).update('\0').update(what, 'latin1');
  return join(cacheFolder, hash.digest('hex').slice(0, 32));
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
