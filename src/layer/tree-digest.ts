/**
 * One digest over what COPY would take of a folder: the content part of its cache key. Paths, kinds,
 * link targets, contents and attributes count; modes and owners where they are asked for; times do not.
 * The twin of the helper's tree-digest.c, which has it of a context that was scanned; the bytes that are
 * hashed are described in native/README.md.
 */
import type { Entry } from '#archive/entry.ts';
import { createHasher, encodedOf } from '#core/digest.ts';
import { encodeXattrs } from './xattr-records.ts';

const HEADER_BYTES = 28;
const KIND = { file: 1, directory: 2, symlink: 3, char: 4, block: 5, fifo: 6 } as const;

export interface TreeDigestOptions {
  /** Permission bits count; those of symbolic links always do. */
  readonly modes: boolean;
  /** Uid and gid count. */
  readonly owners: boolean;
}

/** Entries come in the order of a walk. */
export class TreeDigest {
  readonly #options: TreeDigestOptions;
  readonly #hasher = createHasher();

  constructor(options: TreeDigestOptions) {
    this.#options = options;
  }

  /** `sha256`: of a file's content, hex. Hard links come as files. */
  add(entry: Entry, sha256: string | undefined): void {
    if (entry.kind === 'hardlink') throw new Error('invariant broken: a tree has no hard links');
    const detail = detailOf(entry, sha256);
    const xattrs = encodeXattrs(entry.xattrs);
    const { modes, owners } = this.#options;
    const start = HEADER_BYTES + entry.path.length;
    const bytes = Buffer.allocUnsafe(start + detail.length + xattrs.length);
    bytes.writeUInt32LE(KIND[entry.kind], 0);
    bytes.writeUInt32LE(modes || entry.kind === 'symlink' ? entry.mode : 0, 4);
    bytes.writeUInt32LE(owners ? entry.uid : 0, 8);
    bytes.writeUInt32LE(owners ? entry.gid : 0, 12);
    bytes.writeUInt32LE(entry.path.length, 16);
    bytes.writeUInt32LE(detail.length, 20);
    bytes.writeUInt32LE(xattrs.length, 24);
    bytes.write(entry.path, HEADER_BYTES, 'latin1');
    bytes.write(detail, start, 'latin1');
    bytes.set(xattrs, start + detail.length);
    this.#hasher.update(bytes);
  }

  /** Hex. */
  digest(): string {
    return encodedOf(this.#hasher.digest());
  }
}

/** What there is besides the metadata, a character a byte. */
function detailOf(entry: Entry, sha256 = ''): string {
  switch (entry.kind) {
    case 'file':
      return Buffer.from(sha256, 'hex').toString('latin1');
    case 'symlink':
      return entry.target;
    case 'char':
    case 'block': {
      const numbers = Buffer.alloc(8);
      numbers.writeUInt32LE(entry.major, 0);
      numbers.writeUInt32LE(entry.minor, 4);
      return numbers.toString('latin1');
    }
    default:
      return '';
  }
}
