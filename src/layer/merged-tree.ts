/**
 * A chain of layers as one tree, read from the indexes alone: no mount, no namespace, no privilege.
 * Nothing is merged ahead. A directory knows the directories it consists of, top layer first, and a
 * name is looked up through them until a layer ends the search:
 * - a whiteout ends it with nothing, an opaque directory after itself;
 * - what is no directory hides everything below, and ends it where a directory stands above;
 * - an implicit directory contributes names, its metadata come from below;
 * - a hard link to a lower layer's path is looked up in the layers below its own.
 */
import { Buffer } from 'node:buffer';
import { type Entry, type EntryMetadata, NO_XATTRS } from '#archive/entry.ts';
import { displayPath } from '#archive/entry-path.ts';
import { type ByteString, toByteString } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';
import { BLOCK } from './erofs-format.ts';
import type { Inode, NodeKind } from './erofs-read.ts';
import type { LayerFiles } from './layer.ts';
import { LayerReader } from './layer-reader.ts';
import { withoutReserved } from './marks.ts';
import { contentOf } from './node-content.ts';
import type { FileData } from './tree.ts';

const ROOT_PATH = toByteString('');
const LINKS_MAX = 255;
/** More than an index can hold. */
const NIDS = 2 ** 32;
const TEXT_BYTES_MAX = 16 * 1024 * 1024;

/** A file of the merged tree. Belongs to its MergedTree and is useless after that is closed. */
export interface TreeNode {
  /** The last part of the path; '' for the root. */
  readonly name: ByteString;
  readonly kind: NodeKind;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Files: bytes of content; symlinks: of the target; else 0. */
  readonly size: number;
  readonly mtime: { readonly seconds: number; readonly nanoseconds: number };
  /** The same for two names exactly when they are hard links of one file. */
  readonly identity: string;
  /** Index of the layer it shows, base 0; undefined for a directory that no layer describes. */
  readonly layer: number | undefined;
}

/** Bytes of a file wanted; like BlobRange. */
export interface ContentRange {
  readonly offset: number;
  /** Absent: to the end. */
  readonly length?: number;
}

interface Part {
  /** Index into the chain, 0 = base. */
  readonly layer: number;
  readonly inode: Inode;
}

class MergedNode implements TreeNode {
  readonly name: ByteString;
  /** Where the metadata come from; undefined: a directory that is implicit in all its layers. */
  readonly source: Part | undefined;
  /** Directories: what they consist of, top first. */
  readonly parts: readonly Part[];

  constructor(name: ByteString, source: Part | undefined, parts: readonly Part[]) {
    this.name = name;
    this.source = source;
    this.parts = parts;
  }

  get kind(): NodeKind {
    return this.source?.inode.kind ?? 'directory';
  }
  get mode(): number {
    return this.source?.inode.mode ?? 0o755;
  }
  get uid(): number {
    return this.source?.inode.uid ?? 0;
  }
  get gid(): number {
    return this.source?.inode.gid ?? 0;
  }
  get layer(): number | undefined {
    return this.source?.layer;
  }
  get size(): number {
    return this.kind === 'directory' ? 0 : (this.source?.inode.size ?? 0);
  }
  get mtime(): { readonly seconds: number; readonly nanoseconds: number } {
    const { seconds = 0, nanoseconds = 0 } = this.source?.inode ?? {};
    return { seconds, nanoseconds };
  }
  get identity(): string {
    const part = this.kind === 'directory' ? this.parts[0] : this.source;
    return part === undefined ? 'empty' : `${part.layer}:${part.inode.nid}`;
  }
}

export class MergedTree implements Disposable {
  readonly #layers: readonly LayerReader[];
  #root: MergedNode | undefined;

  /** Base first; no layer at all is an empty tree. Files are opened when needed. */
  static open(layers: readonly LayerFiles[]): MergedTree {
    return new MergedTree(layers.map((files) => new LayerReader(files)));
  }

  private constructor(layers: readonly LayerReader[]) {
    this.#layers = layers;
  }

  /** The root directory; 0755 and 0:0 where no layer describes it. */
  get root(): TreeNode {
    this.#root ??= this.#rootBelow(this.#layers.length);
    return this.#root;
  }

  /** The file of a path in Entry's form; symlinks are not followed, also not on the way. */
  lookup(path: ByteString): TreeNode | undefined {
    return this.#walk(inside(this.root), path);
  }

  /**
   * The file that a path leads to, as a process inside the root would see it: symlinks are followed,
   * absolute ones from the root, and `..` never leaves it. `path` need not be normalised.
   * @returns the node and its real path; undefined when nothing is there
   * @throws LINK_LOOP after 255 links
   */
  resolve(
    path: ByteString,
    { followLast = true }: { readonly followLast?: boolean } = {},
  ): { readonly node: TreeNode; readonly path: ByteString } | undefined {
    const way: MergedNode[] = [];
    const root = inside(this.root);
    // The next part to walk is the last element.
    const pending = path.split('/').reverse();
    let links = 0;
    for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
      const directory = way.at(-1) ?? root;
      if (directory.kind !== 'directory') return undefined;
      if (part === '' || part === '.') continue;
      if (part === '..') {
        way.pop();
        continue;
      }
      const node = this.#child(directory, partName(part));
      if (node === undefined) return undefined;
      if (node.kind !== 'symlink' || (pending.length === 0 && !followLast)) {
        way.push(node);
        continue;
      }
      links++;
      if (links > LINKS_MAX) {
        throw new SlipwayError(
          'LINK_LOOP',
          `too many levels of symbolic links: ${displayPath(path)}`,
          {
            hint: 'a symbolic link in the image leads back to itself; name the file it should lead to',
            detail: { path: displayPath(path) },
          },
        );
      }
      const target = this.#target(node);
      if (target.startsWith('/')) way.length = 0;
      pending.push(...target.split('/').reverse());
    }
    const real = way.map((node) => node.name).join('/');
    return { node: way.at(-1) ?? root, path: partName(real) };
  }

  /** The file of one name in a directory; nothing for other files. */
  child(directory: TreeNode, name: ByteString): TreeNode | undefined {
    return this.#child(inside(directory), name);
  }

  /** What a directory holds, sorted by bytes; nothing for other files. */
  list(node: TreeNode): TreeNode[] {
    const { parts } = inside(node);
    const top = parts[0];
    if (top === undefined) return [];
    const candidates = new Map<ByteString, Part[]>();
    for (const { layer, inode } of parts) {
      const reader = this.#reader(layer);
      for (const record of reader.image.list(inode)) {
        const part = { layer, inode: reader.inodeOf(record) };
        const known = candidates.get(record.name);
        if (known === undefined) candidates.set(record.name, [part]);
        else known.push(part);
      }
    }
    const nodes: MergedNode[] = [];
    for (const [name, found] of candidates) {
      const child = this.#decide(name, found);
      if (child !== undefined) nodes.push(child);
    }
    return parts.length === 1 ? nodes : nodes.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Whether it is, or a directory consists, of something from this layer (base 0) or one above it. */
  isFrom(node: TreeNode, layer: number): boolean {
    const { source, parts } = inside(node);
    return (source?.layer ?? -1) >= layer || parts.some((part) => part.layer >= layer);
  }

  /** All metadata, as an entry of the given path. Hard links come as files; see `identity`. */
  entry(node: TreeNode, path: ByteString): Entry {
    const { source } = inside(node);
    const metadata: EntryMetadata = {
      path,
      mode: node.mode,
      uid: node.uid,
      gid: node.gid,
      mtime: node.mtime,
      xattrs: source === undefined ? NO_XATTRS : this.#xattrs(source),
    };
    if (source === undefined) return { ...metadata, kind: 'directory' };
    const { image } = this.#reader(source.layer);
    switch (source.inode.kind) {
      case 'file':
        return { ...metadata, kind: 'file', size: source.inode.size };
      case 'symlink':
        return { ...metadata, kind: 'symlink', target: image.target(source.inode) };
      case 'char':
      case 'block':
        return { ...metadata, kind: source.inode.kind, ...image.device(source.inode) };
      default:
        return { ...metadata, kind: source.inode.kind };
    }
  }

  /** Content of a file in pieces of at most 1 MiB, holes as zeros. @throws STORE_BROKEN */
  *read(node: TreeNode, range: ContentRange = { offset: 0 }): Generator<Uint8Array> {
    const { source } = inside(node);
    if (source === undefined || source.inode.kind !== 'file') return;
    const reader = this.#reader(source.layer);
    yield* contentOf({ reader, inode: source.inode, range });
  }

  /**
   * A small text file, links followed, decoded as UTF-8; undefined when there is no such file.
   * @throws LINK_LOOP; ENTRY_REFUSED over 16 MiB
   */
  readText(path: ByteString): string | undefined {
    const node = this.resolve(path)?.node;
    if (node?.kind !== 'file') return undefined;
    if (node.size > TEXT_BYTES_MAX) {
      throw new SlipwayError('ENTRY_REFUSED', `${displayPath(path)} in the image is over 16 MiB`, {
        hint: 'a text file of this name was expected',
      });
    }
    return Buffer.concat([...this.read(node)]).toString('utf8');
  }

  /** Where a file's bytes are; device = layer + 1. For merged-image.ts. */
  data(node: TreeNode): FileData | undefined {
    const { source } = inside(node);
    if (source === undefined) return undefined;
    const data = this.#reader(source.layer).image.data(source.inode);
    if (data === undefined) return undefined;
    const device = source.layer + 1;
    return {
      chunkBits: data.chunkBits,
      chunks: data.chunks.map((chunk) =>
        chunk === 'hole' || chunk instanceof Uint8Array ? chunk : { device, block: chunk.block },
      ),
    };
  }

  /** The tar that has a file's bytes in one piece, and where; undefined when they are in several. */
  contiguous(node: TreeNode): { readonly file: string; readonly offset: number } | undefined {
    const { source } = inside(node);
    const [chunk, ...more] = this.data(node)?.chunks ?? [];
    if (source === undefined || more.length > 0) return undefined;
    if (chunk === undefined || chunk === 'hole' || chunk instanceof Uint8Array) return undefined;
    return { file: this.#reader(source.layer).tar, offset: chunk.block * BLOCK };
  }

  /** `identity` as a number, which is cheaper to make for every file of a tree. For merged-image.ts. */
  inodeKey(node: TreeNode): number {
    const { source } = inside(node);
    return source === undefined ? -1 : source.layer * NIDS + source.inode.nid;
  }

  /** Blocks of every layer's tar, base first. */
  get tarBlocks(): readonly number[] {
    return this.#layers.map((layer) => layer.tarBlocks);
  }

  [Symbol.dispose](): void {
    for (const layer of this.#layers) layer[Symbol.dispose]();
    this.#root = undefined;
  }

  /** The root as the first `count` layers make it. */
  #rootBelow(count: number): MergedNode {
    const roots: Part[] = [];
    for (let layer = count - 1; layer >= 0; layer--) {
      roots.push({ layer, inode: this.#reader(layer).image.root });
    }
    return this.#decide(ROOT_PATH, roots) ?? new MergedNode(ROOT_PATH, undefined, []);
  }

  #walk(from: MergedNode, path: ByteString): MergedNode | undefined {
    let node: MergedNode | undefined = from;
    for (const part of path === ROOT_PATH ? [] : path.split('/')) {
      node = this.#child(node, partName(part));
      if (node === undefined) return undefined;
    }
    return node;
  }

  #child(directory: MergedNode, name: ByteString): MergedNode | undefined {
    return this.#decide(name, this.#candidates(directory, name));
  }

  /** What the directory's parts have under a name, looked up only as far as needed. */
  *#candidates(directory: MergedNode, name: ByteString): Generator<Part, void, undefined> {
    for (const { layer, inode } of directory.parts) {
      const found = this.#reader(layer).lookup(inode, name);
      if (found !== undefined) yield { layer, inode: found };
    }
  }

  /** The rule of the header: from what the layers have under a name, top first, to what is seen. */
  #decide(name: ByteString, candidates: Iterable<Part>): MergedNode | undefined {
    const parts: Part[] = [];
    let source: Part | undefined;
    let isOpaque = false;
    for (const part of candidates) {
      const { mark, isOpaque: endsHere } = this.#reader(part.layer).marks(part.inode);
      if (mark?.kind === 'whiteout') break;
      if (part.inode.kind !== 'directory') {
        if (parts.length > 0) break;
        if (mark?.kind === 'link') return this.#lowerLink(name, part.layer, mark.target);
        return new MergedNode(name, part, []);
      }
      if (!isOpaque) parts.push(part);
      if (mark?.kind !== 'implicit') source ??= part;
      isOpaque ||= endsHere;
      if (isOpaque && source !== undefined) break;
    }
    return parts.length === 0 ? undefined : new MergedNode(name, source, parts);
  }

  #lowerLink(name: ByteString, layer: number, target: ByteString): MergedNode {
    const found = this.#walk(this.#rootBelow(layer), target);
    if (found === undefined || found.kind === 'directory') {
      throw new SlipwayError(
        'ENTRY_REFUSED',
        `layer entry ${displayPath(name)} is a hard link to ${displayPath(target)}, ` +
          'which is no file of the layers below',
        { hint: 'the image is damaged; pull or build it again' },
      );
    }
    return new MergedNode(name, found.source, []);
  }

  #xattrs({ layer, inode }: Part): ReadonlyMap<ByteString, Uint8Array> {
    return inode.xattrBytes === 0
      ? NO_XATTRS
      : withoutReserved(this.#reader(layer).image.xattrs(inode));
  }

  #target({ source }: MergedNode): ByteString {
    return source === undefined ? ROOT_PATH : this.#reader(source.layer).image.target(source.inode);
  }

  #reader(layer: number): LayerReader {
    const reader = this.#layers[layer];
    if (reader === undefined) throw new Error('invariant broken: a node of another tree');
    return reader;
  }
}

function inside(node: TreeNode): MergedNode {
  if (!(node instanceof MergedNode)) throw new Error('invariant broken: a node of another tree');
  return node;
}

/** A part of a byte string is one. */
function partName(part: string): ByteString {
  return part as ByteString;
}
