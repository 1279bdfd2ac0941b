/**
 * COPY and ADD as data: which entries the new layer has. Pure planning over two trees, the source's
 * and the destination's; nothing is mounted and no file is created. The rules are BuildKit's: a
 * folder gives its contents, destination links are followed, parents are made 0755.
 */
import { type Entry, EPOCH, NO_XATTRS, type Timestamp } from '#archive/entry.ts';
import type { ByteString } from '#core/bytes.ts';
import { displayBytes } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';
import type { ContentPlace, PlacedSource } from '#layer/pack-list.ts';
import type { ModeChange } from './chmod.ts';
import {
  type FileNode,
  type FileTree,
  joinPath,
  type Located,
  locate,
  locateForWrite,
  type ScannedFolder,
} from './file-tree.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** One thing to copy: a node of a tree, or bytes from a heredoc. */
export type CopyItem =
  | {
      readonly kind: 'node';
      readonly tree: FileTree;
      readonly at: Located;
      readonly name: ByteString;
      /** Unpacked from an archive: modes are the archive's, whatever --chmod says. */
      readonly unpacked?: boolean;
    }
  | { readonly kind: 'bytes'; readonly name: ByteString; readonly bytes: Uint8Array };

export interface CopyRequest {
  readonly items: readonly CopyItem[];
  /** The tree copied into. */
  readonly into: FileTree;
  /** Absolute and cleaned, without leading slash. */
  readonly destination: ByteString;
  /** Written with a trailing slash (or `.`): a folder in any case. */
  readonly isFolder: boolean;
  /** Absent: the source's own. */
  readonly owner?: Owner;
  readonly chmod?: ModeChange;
  /** Mode of folders made on the way, before the umask; default 0755. */
  readonly newFolderMode?: number;
}

/** The layer's entries: sorted, parents before children, later hard-link names after the first. */
export function planCopy(request: CopyRequest): PlacedSource[] {
  const plan = new CopyPlan(request);
  for (const item of request.items) plan.add(item);
  return plan.finish();
}

/** A folder taken as it was scanned: what it holds is planned by nobody. */
export interface FolderPlan {
  readonly scanned: ScannedFolder;
  /** Where what it holds goes. */
  readonly target: ByteString;
  /** The folders above, and the target. */
  readonly entries: readonly PlacedSource[];
}

/**
 * The plan of a single scanned folder whose entries need no look: they keep their modes, and nothing is
 * where they go. Undefined for everything else; planCopy then gives the same layer.
 */
export function planFolder(request: CopyRequest): FolderPlan | undefined {
  const [item, ...others] = request.items;
  if (others.length > 0 || item?.kind !== 'node' || item.unpacked || request.chmod)
    return undefined;
  const scanned = item.tree.scanned?.(item.at.node);
  if (!scanned) return undefined;
  const plan = new CopyPlan(request);
  const target = plan.addFolder(scanned.found.newest);
  return target === undefined ? undefined : { scanned, target, entries: plan.finish() };
}

/** Folders made on the way go through docker's umask; copied ones do not. */
const UMASK = 0o022;

interface Planned {
  readonly source: PlacedSource;
  readonly identity?: string;
  /** A folder made on the way, dated at the end. */
  readonly made?: boolean;
}

class CopyPlan {
  readonly #request: CopyRequest;
  readonly #planned = new Map<ByteString, Planned>();
  #newest: Timestamp = EPOCH;
  /** Files of two sources are never linked with each other, as in BuildKit. */
  #items = 0;
  /** Of the item at hand. */
  #chmod: ModeChange | undefined;
  #newFolderMode = 0o755;
  /** As tar does: a file takes a folder's place, and a folder a file's. */
  #replaces = false;

  constructor(request: CopyRequest) {
    this.#request = request;
  }

  add(item: CopyItem): void {
    this.#items += 1;
    const { chmod, newFolderMode = 0o755 } = this.#request;
    const unpacked = item.kind === 'node' && item.unpacked === true;
    this.#replaces = unpacked;
    this.#chmod = unpacked ? undefined : chmod;
    this.#newFolderMode = unpacked ? 0o755 : newFolderMode & ~UMASK;
    if (item.kind === 'bytes') this.#addBytes(item.name, item.bytes);
    else if (item.at.node.kind === 'directory') this.#addContents(item.tree, item.at.node);
    else this.#addFile(item.tree, item);
  }

  /** The target of a folder's contents, when nothing is in it. @param newest of all that is copied */
  addFolder(newest: number): ByteString | undefined {
    const { into, newFolderMode = 0o755 } = this.#request;
    this.#newFolderMode = newFolderMode & ~UMASK;
    this.#newest = { seconds: newest, nanoseconds: 0 };
    const target = this.#folderTarget();
    const existing = locate(into, target, { followLast: false });
    return existing && into.names(existing.node).length > 0 ? undefined : target;
  }

  finish(): PlacedSource[] {
    const sorted = [...this.#planned].sort(([a], [b]) => comparePaths(a, b));
    const firstNames = new Map<string, ByteString>();
    return sorted.map(([path, planned]) => {
      if (planned.made) return { entry: { ...planned.source.entry, mtime: this.#newest } };
      const first = planned.identity === undefined ? undefined : firstNames.get(planned.identity);
      if (planned.identity !== undefined && first === undefined)
        firstNames.set(planned.identity, path);
      return first === undefined
        ? planned.source
        : { entry: { ...planned.source.entry, kind: 'hardlink', target: first } };
    });
  }

  /** One file, link or device to the destination, or into it where that is a folder. */
  #addFile(tree: FileTree, item: { readonly at: Located; readonly name: ByteString }): void {
    const path = this.#fileTarget(item.name);
    this.#putNode(tree, item.at.node, path);
  }

  #addBytes(name: ByteString, bytes: Uint8Array): void {
    const path = this.#fileTarget(name);
    const owner = this.#request.owner ?? { uid: 0, gid: 0 };
    const mode = this.#chmod?.(0o644, false) ?? 0o644;
    const entry: Entry = {
      kind: 'file',
      path,
      size: bytes.byteLength,
      mode,
      ...owner,
      mtime: EPOCH,
      xattrs: NO_XATTRS,
    };
    const place = (): ContentPlace => ({ kind: 'bytes', bytes });
    this.#put(path, { source: { entry, content: () => [bytes], place } });
  }

  /** A folder's contents into the destination, which becomes a folder. */
  #addContents(tree: FileTree, directory: FileNode): void {
    const target = this.#folderTarget();
    for (const name of tree.names(directory))
      this.#putTree(tree, tree.child(directory, name), joinPath(target, name));
  }

  #putTree(tree: FileTree, node: FileNode | undefined, path: ByteString): void {
    if (!node) return;
    const isBlocked = node.kind === 'directory' && isOther(this.#kindAt(path), 'directory');
    if (isBlocked && !this.#replaces) {
      refuse(`cannot copy to non-directory: /${displayBytes(path)}`);
    }
    this.#putNode(tree, node, path);
    if (node.kind !== 'directory') return;
    for (const name of tree.names(node))
      this.#putTree(tree, tree.child(node, name), joinPath(path, name));
  }

  #putNode(tree: FileTree, node: FileNode, path: ByteString): void {
    if (node.kind !== 'directory' && this.#kindAt(path) === 'directory') {
      if (!this.#replaces) {
        refuse(`cannot replace to directory /${displayBytes(path)} with file`);
      }
      this.#dropBelow(path);
    }
    const own = tree.entry(node, path);
    const mode =
      own.kind === 'symlink'
        ? own.mode
        : (this.#chmod?.(own.mode, own.kind === 'directory') ?? own.mode);
    const entry = { ...own, ...this.#request.owner, mode };
    const hasContent = entry.kind === 'file' && entry.size > 0;
    this.#put(path, {
      source: {
        entry,
        ...(hasContent
          ? { content: () => tree.content(node), place: () => tree.place?.(node) }
          : {}),
      },
      ...(node.identity === undefined ? {} : { identity: `${this.#items}\0${node.identity}` }),
    });
  }

  /** What this step itself has put below a folder that is none any more. */
  #dropBelow(path: ByteString): void {
    for (const planned of this.#planned.keys()) {
      if (planned.startsWith(`${path}/`)) this.#planned.delete(planned);
    }
  }

  #put(path: ByteString, planned: Planned): void {
    const { mtime } = planned.source.entry;
    if (mtime.seconds > this.#newest.seconds) this.#newest = mtime;
    this.#makeParents(path);
    this.#planned.set(path, planned);
  }

  /** Where a single file goes: `dest/name` when dest is or must be a folder, else dest itself. */
  #fileTarget(name: ByteString): ByteString {
    const { destination, isFolder } = this.#request;
    const real = this.#realPath(destination);
    if (!isFolder && this.#kindAt(real) !== 'directory') return real;
    return this.#realPath(joinPath(this.#folderTarget(), name));
  }

  /** The destination as a folder, made when missing. */
  #folderTarget(): ByteString {
    const real = this.#realPath(this.#request.destination);
    const kind = this.#kindAt(real);
    if (isOther(kind, 'directory')) refuse(`cannot copy to non-directory: /${displayBytes(real)}`);
    if (real !== '') {
      this.#makeParents(real);
      if (!this.#planned.has(real)) this.#planned.set(real, this.#folderAt(real));
    }
    return real;
  }

  #realPath(path: ByteString): ByteString {
    const { found, missing } = locateForWrite(this.#request.into, path);
    return missing.reduce(joinPath, found.path);
  }

  #kindAt(path: ByteString): Entry['kind'] | undefined {
    const planned = this.#planned.get(path);
    if (planned) return planned.source.entry.kind;
    if (path === '') return 'directory';
    return locate(this.#request.into, path, { followLast: false })?.node.kind;
  }

  /** Parents are entries of the layer too: as they are where they exist, else new. */
  #makeParents(path: ByteString): void {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash) as ByteString;
      if (!this.#planned.has(parent)) this.#planned.set(parent, this.#folderAt(parent));
    }
  }

  /** An existing folder as it is (so that the layer alone shows it rightly), or a new one. */
  #folderAt(path: ByteString): Planned {
    const { into, owner } = this.#request;
    const existing = locate(into, path, { followLast: false });
    if (existing) return { source: { entry: into.entry(existing.node, path) } };
    const entry: Entry = {
      kind: 'directory',
      path,
      mode: this.#newFolderMode,
      ...(owner ?? { uid: 0, gid: 0 }),
      mtime: EPOCH,
      xattrs: NO_XATTRS,
    };
    return { source: { entry }, made: true };
  }
}

/** Something is there and it is not `wanted`. */
function isOther(kind: Entry['kind'] | undefined, wanted: Entry['kind']): boolean {
  return kind !== undefined && kind !== wanted;
}

/** Depth first, siblings by bytes: `/` sorts below every other byte. */
export function comparePaths(a: ByteString, b: ByteString): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left === right) continue;
    return (left === 0x2f ? -1 : left) - (right === 0x2f ? -1 : right);
  }
  return a.length - b.length;
}

function refuse(message: string): never {
  throw new SlipwayError('COPY_REFUSED', message, {
    hint: 'choose another destination, or remove what is there in an earlier RUN',
  });
}
