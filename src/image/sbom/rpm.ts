/**
 * rpm's database, as rpm 4.16 and newer write it: a SQLite file whose table `Packages` has a header of
 * each installed package (rpm's manual, file format, §3 Header). The file is read in memory and trusted
 * in nothing. Older databases, of Berkeley DB and ndb, are told as not read.
 */
import { DatabaseSync } from 'node:sqlite';
import { toByteString } from '#core/bytes.ts';
import type { MergedTree } from '#layer/merged-tree.ts';
import type { InstalledPackage } from './package.ts';

export interface RpmPackages {
  readonly packages: readonly InstalledPackage[];
  /** Databases that are there and cannot be read. */
  readonly unread: readonly string[];
}

const FOLDERS = ['var/lib/rpm', 'usr/lib/sysimage/rpm', 'usr/share/rpm'];
const OLDER = ['Packages', 'Packages.db'];
const FILE_HEADER_BYTES = 100;
const DATABASE_BYTES_MAX = 512 * 1024 * 1024;

export function rpmPackages(tree: MergedTree): RpmPackages {
  const packages: InstalledPackage[] = [];
  const unread: string[] = [];
  for (const folder of FOLDERS) {
    const at = (name: string): string => `${folder}/${name}`;
    // One of the folders may be a link to another; it is read where it is.
    if (tree.lookup(toByteString(folder))?.kind !== 'directory') continue;
    const found = readDatabase(tree, at('rpmdb.sqlite'));
    if (found === 'unreadable') unread.push(at('rpmdb.sqlite'));
    else if (found !== undefined) packages.push(...found);
    else unread.push(...OLDER.map(at).filter((path) => sizeOf(tree, path) !== undefined));
  }
  return { packages, unread };
}

function sizeOf(tree: MergedTree, path: string): number | undefined {
  const node = tree.lookup(toByteString(path));
  return node?.kind === 'file' ? node.size : undefined;
}

function readDatabase(
  tree: MergedTree,
  path: string,
): readonly InstalledPackage[] | 'unreadable' | undefined {
  const node = tree.lookup(toByteString(path));
  if (node?.kind !== 'file') return undefined;
  // What is not written back yet is known to whoever can open both files.
  if (node.size > DATABASE_BYTES_MAX || (sizeOf(tree, `${path}-wal`) ?? 0) > 0) return 'unreadable';
  try {
    return [...packagesIn(Buffer.concat([...tree.read(node)]), path)];
  } catch (error) {
    if (error instanceof Error && 'errcode' in error) return 'unreadable';
    if (error instanceof RangeError) return 'unreadable';
    throw error;
  }
}

/** @throws SQLite's errors; RangeError for a header that is none */
function* packagesIn(bytes: Buffer, foundIn: string): Generator<InstalledPackage> {
  if (bytes.length < FILE_HEADER_BYTES) throw new RangeError('no database');
  // The write-ahead log is empty: a database in memory has none.
  bytes.fill(1, 18, 20);
  using database = new DatabaseSync(':memory:');
  database.deserialize(bytes);
  database.exec('PRAGMA trusted_schema = OFF; PRAGMA query_only = ON');
  const isTable = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'Packages'";
  if (database.prepare(isTable).get() === undefined) throw new RangeError('no table of packages');
  for (const { blob } of database.prepare('SELECT blob FROM Packages').iterate()) {
    if (!(blob instanceof Uint8Array)) throw new RangeError('a header that is no blob');
    const found = packageIn(Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength), foundIn);
    if (found) yield found;
  }
}

const TAGS = { name: 1000, version: 1001, release: 1002, epoch: 1003, license: 1014, arch: 1022 };
const INT32 = 4;
const TEXTS = new Set([6, 9]);
const ENTRY_BYTES = 16;

/** How many entries, how many bytes, the entries (tag, type, offset, count), then the bytes. */
function packageIn(header: Buffer, foundIn: string): InstalledPackage | undefined {
  const count = header.readUInt32BE(0);
  const start = 8 + count * ENTRY_BYTES;
  const data = header.subarray(start, start + header.readUInt32BE(4));
  if (start > header.length) throw new RangeError('a header that is cut off');
  const texts = new Map<number, string>();
  let epoch: number | undefined;
  for (let at = 8; at < start; at += ENTRY_BYTES) {
    const [tag, type, offset] = [0, 4, 8].map((step) => header.readUInt32BE(at + step));
    if (tag === undefined || type === undefined || offset === undefined) continue;
    if (tag === TAGS.epoch && type === INT32) epoch = data.readUInt32BE(offset);
    // Of texts in several languages the first one counts.
    else if (TEXTS.has(type) && !texts.has(tag)) texts.set(tag, textAt(data, offset));
  }
  const [name, version, release, license, architecture] = [
    ...[TAGS.name, TAGS.version, TAGS.release, TAGS.license, TAGS.arch],
  ].map((tag) => texts.get(tag));
  // Keys of who signs packages are kept as packages.
  if (!name || !version || name === 'gpg-pubkey') return undefined;
  return {
    type: 'rpm',
    name,
    version: release ? `${version}-${release}` : version,
    foundIn,
    ...(epoch ? { epoch } : {}),
    ...(architecture ? { architecture } : {}),
    ...(license ? { license } : {}),
  };
}

function textAt(data: Buffer, offset: number): string {
  if (offset >= data.length) throw new RangeError('a text outside its header');
  const end = data.indexOf(0, offset);
  return data.toString('utf8', offset, end < 0 ? data.length : end);
}
