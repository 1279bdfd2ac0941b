/**
 * A folder with everything that file systems allow and archivers get wrong. As root it has owners,
 * devices and privileged attributes too. `describeTree` says what is in a folder, for comparing two.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ByteString } from '#core/bytes.ts';
import { joinBytes, walkFolder } from '#layer/folder-walk.ts';
import { HostBatch, hostCalls } from './host-calls.ts';

/** Version 2 of the kernel's binary form: user::rw-, user:1000:r--, group::r--, mask::r--, other::---. */
const ACL = Buffer.from(
  '02000000' +
    '01000600ffffffff' +
    '02000400e8030000' +
    '04000400ffffffff' +
    '10000400ffffffff' +
    '20000000ffffffff',
  'hex',
);
const CAPABILITY = Buffer.from('0100000200040000000000000000000000000000', 'hex');

export const isRoot = process.geteuid?.() === 0;

/** Fills an empty folder. */
export function makeTortureTree(folder: string): void {
  const root = Buffer.from(folder);
  const at = (path: string) => joinBytes(root, path as ByteString);
  const file = (path: string, content: string | Buffer) => writeFileSync(at(path), content);
  makeFiles(at, file);
  makeNames(at, file);
  makeLinks(at);
  const batch = new HostBatch();
  addSpecialFiles(at, batch);
  batch.run();
  setMetadata(at);
}

type At = (path: string) => Buffer;
type MakeFile = (path: string, content: string | Buffer) => void;

function makeFiles(at: At, file: MakeFile): void {
  mkdirSync(at('sizes'));
  for (const size of [0, 1, 511, 512, 513, 1_048_576, 3_000_001]) {
    file(`sizes/${size}`, randomBytes(size));
  }
  mkdirSync(at('many'));
  for (let i = 0; i < 300; i++) file(`many/file-${i}`, `${i}`);
  mkdirSync(at(Array.from({ length: 60 }, (_, i) => `level${i}`).join('/')), { recursive: true });
  mkdirSync(at('empty'));
}

function makeNames(at: At, file: MakeFile): void {
  mkdirSync(at('names'));
  const odd = ['!', '+', '-', '.a', '..b', '...', '~', 'a b', 'new\nline', '"\\', '\x01\x7f'];
  for (const name of odd) file(`names/${name}`, name);
  file('names/\xff\xfe not utf-8', 'bytes');
  file(`names/${Buffer.from('ü 𝄞').toString('latin1')}`, 'beyond the BMP');
  for (const length of [99, 100, 101, 155, 156, 255]) file(`names/${'n'.repeat(length)}`, 'long');
  mkdirSync(at(`names/${'d'.repeat(150)}/${'e'.repeat(120)}`), { recursive: true });
  file(`names/${'d'.repeat(150)}/${'e'.repeat(90)}`, 'split');
  file(`names/${'d'.repeat(150)}/${'e'.repeat(120)}/f`, 'not to be split');
  // The order of a walk is not that of whole paths.
  mkdirSync(at('names/order'));
  file('names/order/x', '');
  file('names/order-b', '');
}

function makeLinks(at: At): void {
  mkdirSync(at('links'));
  for (const length of [1, 99, 100, 101, 440, 480, 4000, 4095]) {
    symlinkSync('t'.repeat(length), at(`links/soft${length}`));
  }
  symlinkSync('/absolute/../target', at('links/absolute'));
  linkSync(at('sizes/513'), at('links/hard'));
  linkSync(at('sizes/0'), at('links/hard to empty'));
  linkSync(at('links/soft1'), at('links/hard to soft'));
  linkSync(at('sizes/513'), at(`links/${'h'.repeat(200)}`));
}

function addSpecialFiles(at: At, batch: HostBatch): void {
  mkdirSync(at('special'));
  writeFileSync(at('special/attributes'), 'x');
  batch.node(at('special/fifo'), { kind: 'fifo', major: 0, minor: 0 });
  batch.xattr(at('special/attributes'), 'user.short', '1');
  batch.xattr(at('special/attributes'), 'user.binary', Buffer.from([0, 10, 255, 61]));
  batch.xattr(at('special/attributes'), 'user.long', Buffer.alloc(2000, 'v'));
  batch.xattr(at('empty'), 'user.on a folder', 'y');
  if (!isRoot) return;
  writeFileSync(at('special/capable \xff'), 'x');
  batch.node(at('special/char'), { kind: 'char', major: 300, minor: 70_000 });
  batch.node(at('special/block'), { kind: 'block', major: 8, minor: 1 });
  batch.xattr(at('special/capable \xff'), 'security.capability', CAPABILITY);
  batch.xattr(at('special/attributes'), 'trusted.x', 'root only');
  batch.xattr(at('special/attributes'), 'system.posix_acl_access', ACL);
  batch.xattr(at('empty'), 'system.posix_acl_default', ACL);
}

function setMetadata(at: At): void {
  if (isRoot) {
    lchownSync(at('names/~'), 4_000_000_000, 3_999_999_999);
    lchownSync(at('names/!'), 2_097_151, 2_097_152);
    lchownSync(at('links/soft99'), 12, 34);
    lchownSync(at('empty'), 1000, 100);
  }
  chmodSync(at('sizes/1'), 0o6755);
  chmodSync(at('sizes/511'), 0);
  chmodSync(at('many'), 0o1777);
  const set = (path: string, time: string) => lutimesSync(at(path), new Date(time), new Date(time));
  set('sizes/1', '1969-07-20T20:17:40Z');
  set('sizes/512', '2150-01-01T00:00:00.5Z');
  set('links/soft440', '2001-09-09T01:46:40Z');
  set('empty', '1999-12-31T23:59:59Z');
}

/** Files with holes: at the start, in the middle, at the end, nothing else, and many. */
export function sparseFiles(folder: string): void {
  const make = (name: string, size: number, places: readonly number[]): void => {
    const fd = openSync(join(folder, `sparse ${name}`), 'w');
    for (const place of places) writeSync(fd, `data at ${place}`, place);
    ftruncateSync(fd, size);
    closeSync(fd);
  };
  make('start and end', 3_000_001, [1_000_000]);
  make('middle', 1_000_000, [0, 999_980]);
  make('nothing else', 70_000_000, []);
  make(
    'many',
    12_345_678,
    Array.from({ length: 90 }, (_, i) => i * 131_072),
  );
}

export interface DescribeOptions {
  /** Whole seconds only, as a tar of ours keeps them. */
  readonly wholeSeconds?: boolean;
  /** Paths whose time is left out. */
  readonly timeless?: (path: string) => boolean;
}

/** A line for each file: everything that two equal folders have in common. */
export function describeTree(folder: string, options: DescribeOptions = {}): string[] {
  const host = hostCalls(folder);
  const firstNames = new Map<string, string>();
  const lines: string[] = [];
  for (const { path, file, stats } of walkFolder(Buffer.from(folder))) {
    const key = `${stats.ino}`;
    const first = stats.isDirectory() ? path : (firstNames.get(key) ?? path);
    firstNames.set(key, first);
    const time = options.wholeSeconds ? stats.mtimeNs / 1_000_000_000n : stats.mtimeNs;
    const xattrs = [...host.readXattrs(file)].map(([name, value]) => `${name}=${hash(value)}`);
    lines.push(
      [
        JSON.stringify(path),
        stats.mode.toString(8),
        `${stats.uid}:${stats.gid}`,
        options.timeless?.(path) ? '-' : time,
        `links ${stats.isDirectory() ? '-' : stats.nlink} to ${JSON.stringify(first)}`,
        stats.isFile() ? `${stats.size} ${hash(readFileSync(file))}` : '',
        stats.isSymbolicLink() ? readlinkSync(file, 'latin1') : '',
        stats.isCharacterDevice() || stats.isBlockDevice() ? `device ${stats.rdev}` : '',
        xattrs.sort().join(' '),
      ].join(' | '),
    );
  }
  return lines;
}

function hash(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}
