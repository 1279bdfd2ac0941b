/**
 * The entries of one layer, in tar order → the tree of its index. Whiteouts are kept as marks
 * (marks.ts), because what they hide lies in other layers. The rules, those of an overlay of the
 * layers (image-spec layer.md §Applying Changesets where it decides):
 * - the last entry of a name wins; a directory over a directory keeps the children;
 * - a parent that no entry names is implicit; one that is not a directory is replaced by one;
 * - whiteouts concern the layers below only, wherever in the tar they stand: a name that the layer
 *   brings itself stays, and a directory it brings becomes opaque;
 * - a hard link is another name of the node that its target is at that moment; without such a node
 *   it is a link to a path of the layers below.
 */
import type { Entry, EntryMetadata } from '#archive/entry.ts';
import { checkName, displayPath, splitPath } from '#archive/entry-path.ts';
import { parseWhiteout } from '#archive/whiteout.ts';
import { type ByteString, displayBytes, toByteString } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';
import { isStorableXattr } from './erofs-xattr.ts';
import { type Mark, withMarks, withoutReserved } from './marks.ts';
import type { DirectoryNode, FileData, Node, NodeMetadata } from './tree.ts';

/** Deeper paths do not fit any system call. */
const DEPTH_MAX = 2048;
/** Implicit directories count, so a small archive cannot make a huge tree. */
const NODES_MAX = 8_000_000;
const WARNINGS_MAX = 20;
const ROOT_PATH = toByteString('');
const DEFAULT_DIRECTORY_MODE = 0o755;

interface DirectoryState {
  isImplicit: boolean;
  isOpaque: boolean;
}

export class LayerTree {
  readonly #root = newDirectory();
  /** What is special about directories; the absent ones are explicit and not opaque. */
  readonly #states = new Map<DirectoryNode, DirectoryState>();
  readonly #whiteouts: ByteString[] = [];
  readonly #opaques: ByteString[] = [];
  readonly #lowerLinks: ByteString[] = [];
  readonly #warnings = new Set<string>();
  #nodes = 1;
  /** The directory of the last entry: entries come in clusters. */
  #lastParent: { path: ByteString; directory: DirectoryNode } | undefined;

  constructor() {
    this.#states.set(this.#root, { isImplicit: true, isOpaque: false });
  }

  /** One sentence for each kind of thing that was left out. */
  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  /**
   * Applies an entry. @param data where a file's bytes are; absent for empty files
   * @throws ENTRY_REFUSED
   */
  add(entry: Entry, data?: FileData): void {
    if (entry.path === ROOT_PATH) {
      if (entry.kind !== 'directory') throw refuse(entry.path, 'would replace the root directory');
      this.#describe(this.#root, entry);
      return;
    }
    const { parent, name } = splitPath(entry.path);
    checkName(name, entry.path);
    const whiteout = parseWhiteout(name);
    if (whiteout === undefined) {
      this.#place(entry, { parent, name, data });
    } else if (whiteout.kind === 'name') {
      this.#whiteouts.push(joinPath(parent, whiteout.name));
    } else if (whiteout.kind === 'opaque') {
      this.#opaques.push(parent);
    }
  }

  #place(
    entry: Entry,
    to: {
      readonly parent: ByteString;
      readonly name: ByteString;
      readonly data: FileData | undefined;
    },
  ): void {
    // The link's target first: making the parents may replace it.
    const target = entry.kind === 'hardlink' ? this.#linkTarget(entry) : undefined;
    const directory = this.#directoryAt(to.parent);
    const present = directory.children.get(to.name);
    if (entry.kind === 'directory' && present?.kind === 'directory') {
      this.#describe(present, entry);
      return;
    }
    if (present?.kind === 'directory') this.#lastParent = undefined;
    const node = target ?? makeNode(entry, this.#metadata(entry), to.data);
    if (node.kind === 'char' && node.major === 0 && node.minor === 0) {
      this.#warnings.add('a character device 0:0 is not visible in containers');
    }
    directory.children.set(to.name, node);
    this.#count();
    // What was replaced in this layer also hides a directory of the layers below.
    if (node.kind === 'directory' && present !== undefined) {
      this.#states.set(node, { isImplicit: false, isOpaque: true });
    }
  }

  /** A directory entry over a directory: new metadata, old children. */
  #describe(directory: DirectoryNode, entry: Entry): void {
    Object.assign(directory, this.#metadata(entry));
    const state = this.#states.get(directory);
    if (state !== undefined) state.isImplicit = false;
  }

  #metadata(entry: EntryMetadata): NodeMetadata {
    return {
      mode: entry.mode,
      uid: entry.uid,
      gid: entry.gid,
      seconds: entry.mtime.seconds,
      nanoseconds: entry.mtime.nanoseconds,
      xattrs: entry.xattrs.size === 0 ? entry.xattrs : this.#storableXattrs(entry.xattrs),
    };
  }

  /** Without those that EROFS has no place for, such as the com.apple ones of archives from a Mac. */
  #storableXattrs(all: EntryMetadata['xattrs']): EntryMetadata['xattrs'] {
    const storable = [...withoutReserved(all)].filter(([name]) => {
      if (isStorableXattr(name)) return true;
      const kind = displayBytes(name).split('.')[0] ?? '';
      if (this.#warnings.size < WARNINGS_MAX) {
        this.#warnings.add(`extended attributes "${kind}.*" are not visible in containers`);
      }
      return false;
    });
    return new Map(storable);
  }

  /** The node that a hard link shares. @throws ENTRY_REFUSED */
  #linkTarget(entry: Entry & { readonly kind: 'hardlink' }): Node {
    let node: Node = this.#root;
    let isBelowVisible = true;
    for (const part of entry.target.split('/')) {
      if (node.kind !== 'directory' || part === '') {
        throw refuse(
          entry.path,
          `is a hard link to ${displayPath(entry.target)}, which is not there`,
        );
      }
      const state = this.#states.get(node);
      if (state?.isOpaque === true) isBelowVisible = false;
      const child: Node | undefined = node.children.get(toName(part));
      if (child === undefined) {
        if (isBelowVisible) return this.#lowerLink(entry.target);
        throw refuse(
          entry.path,
          `is a hard link to ${displayPath(entry.target)}, which is not there`,
        );
      }
      node = child;
    }
    if (node.kind === 'directory') {
      throw refuse(entry.path, `is a hard link to the directory ${displayPath(entry.target)}`);
    }
    return node;
  }

  #lowerLink(target: ByteString): Node {
    this.#lowerLinks.push(target);
    return {
      ...defaultMetadata(),
      mode: 0,
      kind: 'file',
      size: 0,
      ...marked({ kind: 'link', target }),
    };
  }

  /** The directory of a path, made where it is missing. @throws ENTRY_REFUSED */
  #directoryAt(path: ByteString): DirectoryNode {
    if (this.#lastParent?.path === path) return this.#lastParent.directory;
    let directory = this.#root;
    if (path !== ROOT_PATH) {
      const parts = path.split('/');
      if (parts.length > DEPTH_MAX) throw refuse(path, `is deeper than ${DEPTH_MAX} directories`);
      for (const part of parts) directory = this.#childDirectory(directory, part, path);
    }
    this.#lastParent = { path, directory };
    return directory;
  }

  #childDirectory(directory: DirectoryNode, part: string, path: ByteString): DirectoryNode {
    const name = toName(part);
    const present = directory.children.get(name);
    if (present?.kind === 'directory') return present;
    checkName(name, path);
    const made = newDirectory();
    const isReplacing = present !== undefined;
    this.#states.set(made, { isImplicit: !isReplacing, isOpaque: isReplacing });
    directory.children.set(name, made);
    this.#count();
    return made;
  }

  #count(): void {
    this.#nodes++;
    if (this.#nodes > NODES_MAX) {
      throw new SlipwayError('ENTRY_REFUSED', `a layer with more than ${NODES_MAX} names`, {
        hint: 'split it into several layers',
      });
    }
  }

  /** Applies whiteouts and marks; the tree must not be used for more entries. @throws ENTRY_REFUSED */
  finish(): DirectoryNode {
    // All parents first, then what they hold: the order of whiteouts must not matter.
    for (const path of this.#whiteouts) this.#directoryForWhiteout(splitPath(path).parent);
    for (const path of this.#opaques) this.#applyOpaque(path);
    for (const path of this.#whiteouts) this.#applyWhiteout(path);
    this.#checkLowerLinks();
    for (const [directory, { isImplicit, isOpaque }] of this.#states) {
      directory.xattrs = withMarks(directory.xattrs, {
        isOpaque,
        ...(isImplicit ? { mark: { kind: 'implicit' } } : {}),
      });
    }
    return this.#root;
  }

  #applyWhiteout(path: ByteString): void {
    const { parent, name } = splitPath(path);
    const directory = this.#directoryForWhiteout(parent);
    if (directory === undefined) return;
    const present = directory.children.get(name);
    if (present === undefined) {
      const metadata = { ...defaultMetadata(), mode: 0, ...marked({ kind: 'whiteout' }) };
      directory.children.set(name, { ...metadata, kind: 'char', major: 0, minor: 0 });
      this.#count();
    } else if (present.kind === 'directory') {
      this.#states.set(present, { isImplicit: false, isOpaque: true });
    }
  }

  #applyOpaque(path: ByteString): void {
    const directory = this.#directoryForWhiteout(path);
    if (directory === undefined) return;
    const isImplicit = this.#states.get(directory)?.isImplicit ?? false;
    this.#states.set(directory, { isImplicit, isOpaque: true });
  }

  /** Undefined when the layer itself has something else than a directory on the way. */
  #directoryForWhiteout(path: ByteString): DirectoryNode | undefined {
    let node: Node | undefined = this.#root;
    for (const part of path === ROOT_PATH ? [] : path.split('/')) {
      if (node?.kind !== 'directory') break;
      node = node.children.get(toName(part));
    }
    return node === undefined || node.kind === 'directory' ? this.#directoryAt(path) : undefined;
  }

  /** Whiteouts act before entries, so a link cannot lead to what the same layer deletes. */
  #checkLowerLinks(): void {
    if (this.#lowerLinks.length === 0) return;
    const whiteouts = new Set<string>(this.#whiteouts);
    const opaques = new Set<string>(this.#opaques);
    for (const target of this.#lowerLinks) {
      let prefix = '';
      for (const part of target.split('/')) {
        const isDeleted = opaques.has(prefix);
        prefix = prefix === '' ? part : `${prefix}/${part}`;
        if (isDeleted || whiteouts.has(prefix)) {
          throw refuse(target, 'is the target of a hard link, but the same layer deletes it');
        }
      }
    }
  }
}

function makeNode(entry: Entry, metadata: NodeMetadata, data: FileData | undefined): Node {
  switch (entry.kind) {
    case 'file':
      return {
        ...metadata,
        kind: 'file',
        size: entry.size,
        ...(data === undefined ? {} : { data }),
      };
    case 'directory':
      return { ...metadata, kind: 'directory', children: new Map() };
    case 'symlink':
      return { ...metadata, kind: 'symlink', target: entry.target };
    case 'char':
    case 'block':
      return { ...metadata, kind: entry.kind, major: entry.major, minor: entry.minor };
    case 'fifo':
      return { ...metadata, kind: 'fifo' };
    case 'hardlink':
      throw new Error('invariant broken: a hard link has no node of its own');
  }
}

function newDirectory(): DirectoryNode {
  return { ...defaultMetadata(), kind: 'directory', children: new Map() };
}

function defaultMetadata(): NodeMetadata {
  return {
    mode: DEFAULT_DIRECTORY_MODE,
    uid: 0,
    gid: 0,
    seconds: 0,
    nanoseconds: 0,
    xattrs: new Map(),
  };
}

function marked(mark: Mark): Pick<NodeMetadata, 'xattrs'> {
  return { xattrs: withMarks(new Map(), { mark, isOpaque: false }) };
}

/** A part of a byte string is one. */
function toName(part: string): ByteString {
  return part as ByteString;
}

function joinPath(parent: ByteString, name: ByteString): ByteString {
  return (parent === '' ? name : `${parent}/${name}`) as ByteString;
}

function refuse(path: ByteString, problem: string): SlipwayError {
  return new SlipwayError('ENTRY_REFUSED', `layer entry ${displayPath(path)} ${problem}`, {
    hint: 'the layer is damaged; pull or build it again',
    detail: { path: displayPath(path) },
  });
}
