/**
 * What a layer index has to say beyond ordinary files. A layer is a change, not a tree, and EROFS
 * only knows trees, so an index marks inodes with attributes below `trusted.overlay.`, which no
 * archive can bring in: such attributes are dropped from every entry (they would steer overlay).
 *
 * - whiteout: a character device 0:0 of mode 0 with the mark (a real device 0:0 has none);
 * - implicit: a directory that the tar does not name, only something in it; it takes its metadata
 *   from the layers below;
 * - opaque: overlay's own mark; nothing of the layers below shows in the directory;
 * - link: an empty file standing for a hard link whose target is a path of the layers below.
 *
 * A single index is therefore never mounted: the kernel sees merged images only, where all of this
 * is resolved (merged-tree.ts, merged-image.ts).
 */
import { Buffer } from 'node:buffer';
import { type ByteString, byteStringOf, toByteString } from '#core/bytes.ts';

const MARK = toByteString('trusted.overlay.slipway');
const OPAQUE = toByteString('trusted.overlay.opaque');
const OPAQUE_VALUE = Buffer.from('y');
const LINK_PREFIX = 'link:';
const RESERVED = /^(?:trusted|user)\.overlay\./;

export type Mark =
  | { readonly kind: 'whiteout' }
  | { readonly kind: 'implicit' }
  | { readonly kind: 'link'; readonly target: ByteString };

export interface Marks {
  readonly mark?: Mark;
  readonly isOpaque: boolean;
}

const NO_MARKS: Marks = { isOpaque: false };

/** True for attributes that steer overlay: never taken from outside, never shown. */
function isReservedXattr(name: ByteString): boolean {
  return RESERVED.test(name);
}

/** The attributes without reserved ones; the same map when there are none. */
export function withoutReserved(
  xattrs: ReadonlyMap<ByteString, Uint8Array>,
): ReadonlyMap<ByteString, Uint8Array> {
  if (xattrs.size === 0 || ![...xattrs.keys()].some(isReservedXattr)) return xattrs;
  return new Map([...xattrs].filter(([name]) => !isReservedXattr(name)));
}

/** The attributes with marks added. */
export function withMarks(
  xattrs: ReadonlyMap<ByteString, Uint8Array>,
  { mark, isOpaque }: Marks,
): ReadonlyMap<ByteString, Uint8Array> {
  if (mark === undefined && !isOpaque) return xattrs;
  const marked = new Map(xattrs);
  if (isOpaque) marked.set(OPAQUE, OPAQUE_VALUE);
  if (mark !== undefined) {
    const value = mark.kind === 'link' ? LINK_PREFIX + mark.target : mark.kind;
    marked.set(MARK, Buffer.from(value, 'latin1'));
  }
  return marked;
}

/** The marks of an inode, or undefined when there is one we do not know. */
export function parseMarks(xattrs: ReadonlyMap<ByteString, Uint8Array>): Marks | undefined {
  if (xattrs.size === 0) return NO_MARKS;
  const isOpaque = xattrs.has(OPAQUE);
  const value = xattrs.get(MARK);
  if (value === undefined) return { isOpaque };
  const text: string = byteStringOf(value);
  if (text === 'whiteout' || text === 'implicit') return { mark: { kind: text }, isOpaque };
  if (!text.startsWith(LINK_PREFIX)) return undefined;
  const target = byteStringOf(value.subarray(LINK_PREFIX.length));
  return { mark: { kind: 'link', target }, isOpaque };
}
