/**
 * Extended attributes of an inode, inline form only: a 12-byte header, then entries sorted by full
 * name, each padded to four bytes.
 */
import { Buffer } from 'node:buffer';
import type { ByteString } from '#core/bytes.ts';
import { XATTR_BLOCK_BYTES_MAX, XATTR_ENTRY_BYTES, XATTR_HEADER_BYTES } from './erofs-format.ts';

/** Prefix numbers; the two ACLs are whole names, so nothing follows them. */
const PREFIXES: readonly { readonly number: number; readonly text: string }[] = [
  { number: 1, text: 'user.' },
  { number: 4, text: 'trusted.' },
  { number: 6, text: 'security.' },
  { number: 2, text: 'system.posix_acl_access' },
  { number: 3, text: 'system.posix_acl_default' },
];

const NAME_BYTES_MAX = 255;
const VALUE_BYTES_MAX = 65_535;

interface SplitName {
  readonly prefix: number;
  readonly suffix: string;
}

function splitName(name: string): SplitName | undefined {
  for (const { number, text } of PREFIXES) {
    if (!name.startsWith(text)) continue;
    const suffix = name.slice(text.length);
    const isWhole = number === 2 || number === 3;
    if (isWhole ? suffix !== '' : suffix === '' || suffix.length > NAME_BYTES_MAX) return undefined;
    return suffix.includes('\0') ? undefined : { prefix: number, suffix };
  }
  return undefined;
}

/** True when EROFS has a place for an attribute of this name. */
export function isStorableXattr(name: ByteString): boolean {
  return splitName(name) !== undefined;
}

/** Bytes of the block; 0 without attributes. */
export function xattrBytes(xattrs: ReadonlyMap<ByteString, Uint8Array>): number {
  if (xattrs.size === 0) return 0;
  let bytes = XATTR_HEADER_BYTES;
  for (const [name, value] of xattrs) {
    bytes += padded(XATTR_ENTRY_BYTES + (splitName(name)?.suffix.length ?? 0) + value.length);
  }
  return bytes;
}

/** What is wrong with the attributes of an entry, as the end of a sentence; undefined if nothing. */
export function xattrProblem(xattrs: ReadonlyMap<ByteString, Uint8Array>): string | undefined {
  if (xattrs.size === 0) return undefined;
  for (const [name, value] of xattrs) {
    if (!isStorableXattr(name)) return `has an extended attribute of an unknown kind`;
    if (value.length > VALUE_BYTES_MAX) return 'has an extended attribute over 65,535 bytes';
  }
  return xattrBytes(xattrs) > XATTR_BLOCK_BYTES_MAX
    ? 'has more than 262,000 bytes of extended attributes'
    : undefined;
}

/** Writes the block; `image` must be zero there. */
export function writeXattrs(
  image: Buffer,
  start: number,
  xattrs: ReadonlyMap<ByteString, Uint8Array>,
): void {
  let at = start + XATTR_HEADER_BYTES;
  const names = [...xattrs.keys()].sort();
  for (const name of names) {
    const value = xattrs.get(name) ?? Buffer.alloc(0);
    const { prefix, suffix } = splitName(name) ?? { prefix: 0, suffix: '' };
    image[at] = suffix.length;
    image[at + 1] = prefix;
    image.writeUInt16LE(value.length, at + 2);
    image.write(suffix, at + XATTR_ENTRY_BYTES, 'latin1');
    image.set(value, at + XATTR_ENTRY_BYTES + suffix.length);
    at += padded(XATTR_ENTRY_BYTES + suffix.length + value.length);
  }
}

/**
 * Reads a block of `bytes` bytes; undefined when it breaks the format (the caller knows the inode).
 * Values are views into the image.
 */
export function readXattrs(
  image: Buffer,
  start: number,
  bytes: number,
): Map<ByteString, Uint8Array> | undefined {
  const end = start + bytes;
  const xattrs = new Map<ByteString, Uint8Array>();
  for (let i = start; i < start + XATTR_HEADER_BYTES; i++) if (image[i] !== 0) return undefined;
  let at = start + XATTR_HEADER_BYTES;
  let previous = '';
  while (at < end) {
    if (end - at < XATTR_ENTRY_BYTES) return undefined;
    const nameLength = image.readUInt8(at);
    const valueLength = image.readUInt16LE(at + 2);
    const prefix = PREFIXES.find(({ number }) => number === image[at + 1])?.text;
    const next = at + padded(XATTR_ENTRY_BYTES + nameLength + valueLength);
    if (prefix === undefined || next > end) return undefined;
    const valueAt = at + XATTR_ENTRY_BYTES + nameLength;
    const name = prefix + image.toString('latin1', at + XATTR_ENTRY_BYTES, valueAt);
    if (splitName(name) === undefined || name <= previous) return undefined;
    xattrs.set(name as ByteString, image.subarray(valueAt, valueAt + valueLength));
    previous = name;
    at = next;
  }
  return xattrs.size === 0 ? undefined : xattrs;
}

function padded(bytes: number): number {
  return (bytes + 3) & ~3;
}
