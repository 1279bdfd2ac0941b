/**
 * What one layer brings, by itself: every name of its index, with deletions told apart. MergedTree
 * shows what is left of it in an image.
 */
import type { ByteString } from '#core/bytes.ts';
import { ErofsImage, type Inode } from './erofs-read.ts';
import type { LayerFiles } from './layer.ts';
import { LayerReader } from './layer-reader.ts';
import { type Marks, parseMarks } from './marks.ts';

export interface LayerName {
  readonly path: ByteString;
  /** `link`: a further name of a file of the layers below; it brings no content. */
  readonly kind: Inode['kind'] | 'whiteout' | 'link';
  /** Bytes of a file's content; else 0. */
  readonly size: number;
  /** The same for hard links of one file: TreeNode's `identity` without the layer. */
  readonly nid: number;
}

/** Directories that the layer only passes through are left out. @throws INDEX_INVALID, STORE_BROKEN */
export function* listLayer(files: LayerFiles): Generator<LayerName> {
  using reader = new LayerReader(files);
  const { image } = reader;
  yield* listIndex({ image, marks: (inode) => reader.marks(inode) });
}

/** The same of an index that is not stored yet. */
export function listNewIndex(index: Uint8Array): Iterable<LayerName> {
  const image = new ErofsImage(index);
  const marks = (inode: Inode): Marks => parseMarks(image.xattrs(inode)) ?? { isOpaque: false };
  return listIndex({ image, marks });
}

function* listIndex({
  image,
  marks,
}: {
  readonly image: ErofsImage;
  marks(inode: Inode): Marks;
}): Generator<LayerName> {
  const pending: { readonly directory: Inode; readonly path: string }[] = [
    { directory: image.root, path: '' },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const record of image.list(next.directory)) {
      const inode = image.inode(record.nid);
      const path = next.path === '' ? record.name : `${next.path}/${record.name}`;
      const { mark } = marks(inode);
      if (inode.kind === 'directory') pending.push({ directory: inode, path });
      if (mark?.kind === 'implicit') continue;
      yield {
        // Parts of byte strings, joined.
        path: path as ByteString,
        kind: mark?.kind ?? inode.kind,
        size: mark === undefined && inode.kind === 'file' ? inode.size : 0,
        nid: inode.nid,
      };
    }
  }
}
