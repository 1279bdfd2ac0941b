/**
 * Whiteouts (image-spec layer.md §Whiteouts): how a layer's tar says that something of the layers
 * below is gone. This file only knows the names; what they do to a tree is layer/layer-tree.ts.
 */
import type { ByteString } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';
import { displayPath } from './entry-path.ts';

/** A file `.wh.NAME` hides NAME of the layers below. */
export const WHITEOUT_PREFIX = '.wh.';
/** In a directory: hides everything the layers below have in it. */
export const OPAQUE_NAME = '.wh..wh..opq' as ByteString;
/** Other names with this prefix are leftovers of aufs and mean nothing. */
const AUFS_PREFIX = '.wh..wh.';

export type Whiteout =
  /** Hides `name` in the same directory. */
  | { readonly kind: 'name'; readonly name: ByteString }
  | { readonly kind: 'opaque' }
  /** To be skipped. */
  | { readonly kind: 'ignored' };

/** The file name that hides `name` in the same directory. */
export function whiteoutOf(name: ByteString): ByteString {
  return (WHITEOUT_PREFIX + name) as ByteString;
}

/**
 * What the last part of a path says; undefined for an ordinary name.
 * @throws ENTRY_REFUSED when it would hide nothing, `.` or `..`
 */
export function parseWhiteout(name: ByteString): Whiteout | undefined {
  if (!name.startsWith(WHITEOUT_PREFIX)) return undefined;
  if (name === OPAQUE_NAME) return { kind: 'opaque' };
  if (name.startsWith(AUFS_PREFIX)) return { kind: 'ignored' };
  const hidden = name.slice(WHITEOUT_PREFIX.length) as ByteString;
  if (hidden === '' || hidden === '.' || hidden === '..') {
    throw new SlipwayError('ENTRY_REFUSED', `whiteout ${displayPath(name)} hides no name`, {
      hint: 'the layer is damaged; pull or build it again',
    });
  }
  return { kind: 'name', name: hidden };
}
