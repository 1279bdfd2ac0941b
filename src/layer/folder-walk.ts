/**
 * A walk over a folder in the one order that packing and scanning use, here and in the helper: depth
 * first, the names of each directory by their bytes. Symlinks are never followed; the root itself is
 * not visited. Synchronous: in loops over many small files that is several times faster in Node.
 */
import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import { type ByteString, byteStringOf } from '#core/bytes.ts';
import { errnoOf } from '#core/errors.ts';
import { onPath, refusedEntry } from './folder-errors.ts';

/** Levels; the helper has the same limit. */
const DEPTH_MAX = 2000;

export interface WalkedFile {
  /** Relative to the root. */
  readonly path: ByteString;
  /** For system calls. */
  readonly file: Buffer;
  readonly stats: BigIntStats;
}

/** Everything beneath `root`, a directory before what it holds. `skip`: paths to leave out whole. */
export function* walkFolder(
  root: Buffer,
  skip: ReadonlySet<string> = new Set(),
): Generator<WalkedFile, void, undefined> {
  yield* walkDirectory({ root, skip, path: '' as ByteString, depth: 0 });
}

interface Level {
  readonly root: Buffer;
  readonly skip: ReadonlySet<string>;
  readonly path: ByteString;
  readonly depth: number;
}

function* walkDirectory(level: Level): Generator<WalkedFile, void, undefined> {
  const { root, skip, path: parent, depth } = level;
  if (depth > DEPTH_MAX) throw refusedEntry('folders nest too deep', parent);
  const folder = joinBytes(root, parent);
  const names = onPath(parent === '' ? root.toString('latin1') : parent, () =>
    readdirSync(folder, { encoding: 'buffer' }),
  );
  for (const name of names.sort(Buffer.compare)) {
    const path = (
      parent === '' ? byteStringOf(name) : `${parent}/${byteStringOf(name)}`
    ) as ByteString;
    if (skip.has(path)) continue;
    const file = joinBytes(root, path);
    const stats = statUnlessGone(file, path);
    if (stats === undefined) continue;
    yield { path, file, stats };
    if (stats.isDirectory()) yield* walkDirectory({ root, skip, path, depth: depth + 1 });
  }
}

/** A file removed since the names were read is as if it had never been there. */
function statUnlessGone(file: Buffer, path: ByteString): BigIntStats | undefined {
  return onPath(path, () => {
    try {
      return lstatSync(file, { bigint: true });
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  });
}

/** `folder/path` for system calls; the empty path is the folder. */
export function joinBytes(folder: Buffer, path: ByteString): Buffer {
  if (path === '') return folder;
  return Buffer.concat([folder, Buffer.from(`/${path}`, 'latin1')]);
}

/** Major and minor of a device number as Linux packs them into st_rdev. */
export function deviceNumbers(rdev: bigint): { readonly major: number; readonly minor: number } {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return { major: Number(major), minor: Number(minor) };
}

/** Compares paths in the order of the walk: as bytes, with the slash below all others. */
export function compareWalked(a: string, b: string): number {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left === right) continue;
    if (left === SLASH) return -1;
    if (right === SLASH) return 1;
    return left - right;
  }
  return a.length - b.length;
}

const SLASH = 0x2f;
