/**
 * The context folder as a tree. Folders are read when something asks for them and files are hashed
 * when a COPY needs them, so what no COPY names and what .dockerignore leaves out costs nothing. A
 * folder that is taken as a whole is scanned at once, with the memory of the scan before.
 * Symbolic links are resolved inside the context, hard links stay links; owners become root, as
 * docker sends them.
 */

import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  statSync,
} from 'node:fs';
import { type Entry, NO_XATTRS } from '#archive/entry.ts';
import { assert } from '#core/assert.ts';
import { type ByteString, byteStringOf, bytesOf, displayBytes } from '#core/bytes.ts';
import { encodedOf } from '#core/digest.ts';
import { errnoOf, isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { IgnoreMatcher } from '#dockerfile/dockerignore.ts';
import { deviceNumbers } from '#layer/folder-walk.ts';
import type { ContentPlace } from '#layer/pack-list.ts';
import type { ScannedEntry, ScanResult } from '#layer/scan.ts';
import { splitTime } from '#layer/stat-cache.ts';
import { type ContextScanner, scanContext, scanContextFiles } from './context-scan.ts';
import { type FileNode, type FileTree, joinPath, type ScannedFolder } from './file-tree.ts';
import { readIgnore } from './ignore-file.ts';
import { unreadable } from './unreadable.ts';
import type { Vertices } from './vertex.ts';

export interface ContextSource {
  /** What of the folder counts, read once: the checks ask for it too. @throws IGNORE_INVALID */
  ignore(): Promise<IgnoreMatcher>;
  /** The tree; disposing is free, it lives as long as the build. */
  tree(): Promise<FileTree & Disposable>;
}

interface ContextNode extends FileNode {
  readonly path: ByteString;
  /** As it is in the folder; without extended attributes until it was scanned. */
  entry: Entry;
  /** Of a file's content, once known; hex. */
  sha256?: string;
  children?: ReadonlyMap<ByteString, ContextNode> | undefined;
  /** Of a directory, once it was scanned: children come from there when somebody asks. */
  scan?: ScanResult;
}

/** @throws CONTEXT_MISSING when there is no such folder */
export function requireFolder(folder: string): void {
  if (isFolder(folder)) return;
  throw new SlipwayError(
    'CONTEXT_MISSING',
    `unable to prepare context: path "${folder}" not found`,
    {
      hint: 'name an existing folder as the build context',
    },
  );
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

/** The context of one build: `.dockerignore` is read at the first use, `<Dockerfile>.dockerignore` before it. */
export function contextSource(options: {
  readonly folder: string;
  /** Absent: it is no file. */
  readonly dockerfile?: string;
  /** Read in place of all that is looked for. */
  readonly ignoreFile?: string;
  readonly vertices: Vertices;
  /** Absent: every file is read by each build. */
  readonly scanner?: ContextScanner;
}): ContextSource {
  let patterns: Promise<IgnoreMatcher> | undefined;
  let tree: Promise<ContextTree> | undefined;
  const ignore = (): Promise<IgnoreMatcher> => {
    patterns ??= options.vertices.run('[internal] load .dockerignore', async (vertex) => {
      const found = readIgnore(options);
      vertex.status(`transferring context: ${found.size}B`, { done: true });
      return found.matcher;
    });
    return patterns;
  };
  const load = async (): Promise<ContextTree> =>
    new ContextTree(options.folder, await ignore(), options.scanner);
  return {
    ignore,
    tree: () => {
      tree ??= load();
      return tree;
    },
  };
}

/** A folder as a tree, without what is ignored; owners become root. */
export function folderTree(
  folder: string,
  ignore: IgnoreMatcher,
  scanner?: ContextScanner,
): FileTree & Disposable {
  return new ContextTree(folder, ignore, scanner);
}

/** Bytes read at once from a file. */
const CHUNK_BYTES = 1 << 20;

class ContextTree implements FileTree, Disposable {
  readonly name = 'build context';
  readonly root: ContextNode;
  readonly #root: string;
  readonly #folder: Buffer;
  readonly #ignore: IgnoreMatcher;
  readonly #scanner: ContextScanner | undefined;
  readonly #prepared = new Map<ByteString, Promise<void>>();

  constructor(folder: string, ignore: IgnoreMatcher, scanner?: ContextScanner) {
    this.#root = folder;
    this.#folder = Buffer.from(folder);
    this.#ignore = ignore;
    this.#scanner = scanner;
    const root = this.#node('' as ByteString);
    assert(root?.kind === 'directory', 'the context was checked to be a folder');
    this.root = root;
  }

  [Symbol.dispose](): void {}

  child(directory: FileNode, name: ByteString): FileNode | undefined {
    return this.#children(directory).get(name);
  }

  names(directory: FileNode): readonly ByteString[] {
    return [...this.#children(directory).keys()];
  }

  /** Docker sends files as root's, with whole seconds. */
  entry(node: FileNode, path: ByteString): Entry {
    const { entry } = own(node);
    const mtime = { seconds: entry.mtime.seconds, nanoseconds: 0 };
    return { ...entry, path, uid: 0, gid: 0, mtime };
  }

  /** By the helper, which knows what did not change; once for a folder and all below it. */
  async prepare(nodes: readonly FileNode[]): Promise<void> {
    const scanner = this.#scanner;
    if (!scanner) return;
    for (const node of nodes.map(own)) {
      if (node.kind === 'directory') await this.#prepareFolder(node, scanner);
    }
    const files = nodes
      .map(own)
      .filter(({ kind, sha256 }) => kind === 'file' && sha256 === undefined);
    if (files.length > 0) await this.#scanFiles(files, scanner);
  }

  async #prepareFolder(node: ContextNode, scanner: ContextScanner): Promise<void> {
    const running = this.#runningAbove(node.path) ?? this.#scan(node, scanner);
    this.#prepared.set(node.path, running);
    await running;
    // This node may be older than what was scanned from further up.
    const found = this.#nodeAt(node.path);
    if (found && found !== node && !node.scan) node.children ??= this.#children(found);
  }

  /** Where patterns take back what others leave out, the scan may have folders that are not there. */
  scanned(directory: FileNode): ScannedFolder | undefined {
    const { scan, path } = own(directory);
    if (!scan || this.#takesBack) return undefined;
    return { found: scan, root: this.#folder, path };
  }

  place(node: FileNode): ContentPlace {
    const { path } = own(node);
    return { kind: 'file', root: this.#folder, path, sha256: this.contentSha256(node) };
  }

  get #takesBack(): boolean {
    return this.#ignore.patterns.some((pattern) => pattern.startsWith('!'));
  }

  #nodeAt(path: ByteString): ContextNode | undefined {
    return parentsOf(path).reduce<ContextNode | undefined>((node, folder) => {
      const name = folder.slice(folder.lastIndexOf('/') + 1) as ByteString;
      return node?.kind === 'directory' ? this.#children(node).get(name) : undefined;
    }, this.root);
  }

  #runningAbove(path: ByteString): Promise<void> | undefined {
    const above = ['', ...parentsOf(path)].find((folder) =>
      this.#prepared.has(folder as ByteString),
    );
    return above === undefined ? undefined : this.#prepared.get(above as ByteString);
  }

  *content(node: FileNode): Iterable<Uint8Array> {
    const { path, entry } = own(node);
    const size = entry.kind === 'file' ? entry.size : 0;
    // Not waiting: somebody may have put a FIFO in the file's place.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = this.#access(path, (at) => openSync(at, flags));
    try {
      for (let left = size; left > 0; ) {
        const chunk = Buffer.allocUnsafe(Math.min(left, CHUNK_BYTES));
        const read = this.#access(path, () => readSync(file, chunk));
        if (read === 0) throw changed(path);
        left -= read;
        yield chunk.subarray(0, read);
      }
    } finally {
      closeSync(file);
    }
  }

  contentSha256(node: FileNode): string {
    const file = own(node);
    file.sha256 ??= this.#hash(file);
    return file.sha256;
  }

  #hash(node: ContextNode): string {
    const hash = createHash('sha256');
    for (const chunk of this.content(node)) hash.update(chunk);
    return hash.digest('hex');
  }

  async #scan(directory: ContextNode, scanner: ContextScanner): Promise<void> {
    const place = { root: this.#root, path: directory.path, ignore: this.#ignore };
    const scan = await unlessUnreadable(() => scanContext(scanner, place));
    if (!scan) return;
    directory.scan = scan;
    directory.children = undefined;
  }

  async #scanFiles(files: readonly ContextNode[], scanner: ContextScanner): Promise<void> {
    const paths = [...new Set(files.map(({ path }) => path))];
    const scanned = await unlessUnreadable(() => scanContextFiles(scanner, this.#root, paths));
    const found = new Map(scanned?.map((one) => [one.entry.path, one]));
    for (const file of files) {
      const { entry, digest } = found.get(file.path) ?? {};
      if (entry?.kind !== 'file' || digest === undefined) continue;
      file.entry = entry;
      file.sha256 = encodedOf(digest);
    }
  }

  #graft(
    directory: ContextNode,
    scanned: readonly ScannedEntry[],
  ): ReadonlyMap<ByteString, ContextNode> {
    const folders = new Map<string, Map<ByteString, ContextNode>>([['', new Map()]]);
    for (const { entry, digest, identity } of scanned) {
      const slash = entry.path.lastIndexOf('/');
      const name = entry.path.slice(slash + 1) as ByteString;
      const path = joinPath(directory.path, entry.path);
      const node: ContextNode = {
        kind: entry.kind === 'hardlink' ? 'file' : entry.kind,
        path,
        entry,
        ...(identity === undefined ? {} : { identity }),
        ...(digest === undefined ? {} : { sha256: digest.slice('sha256:'.length) }),
      };
      if (node.kind === 'directory') {
        const children = new Map<ByteString, ContextNode>();
        node.children = children;
        folders.set(entry.path, children);
      }
      folders.get(slash < 0 ? '' : entry.path.slice(0, slash))?.set(name, node);
    }
    this.#dropEmptied(directory.path, folders);
    return folders.get('') ?? new Map();
  }

  /** Ignored folders that were walked for what a `!` pattern might take back in, and had nothing. */
  #dropEmptied(
    below: ByteString,
    folders: ReadonlyMap<string, Map<ByteString, ContextNode>>,
  ): void {
    if (!this.#takesBack) return;
    for (const [path, children] of [...folders].reverse()) {
      if (path === '' || children.size > 0) continue;
      if (!this.#ignore.ignores(displayBytes(joinPath(below, path as ByteString)))) continue;
      const slash = path.lastIndexOf('/');
      const parent = folders.get(slash < 0 ? '' : path.slice(0, slash));
      parent?.delete(path.slice(slash + 1) as ByteString);
    }
  }

  hintFor(path: ByteString): string | undefined {
    if (!this.#ignore.ignores(displayBytes(path)) || !this.#stat(path)) return undefined;
    return `"${displayBytes(path)}" exists but .dockerignore leaves it out: add "!${displayBytes(path)}" to it`;
  }

  #children(directory: FileNode): ReadonlyMap<ByteString, ContextNode> {
    const node = own(directory);
    node.children ??= node.scan ? this.#graft(node, node.scan.entries) : this.#read(node);
    return node.children;
  }

  #read(directory: ContextNode): ReadonlyMap<ByteString, ContextNode> {
    const names = this.#access(directory.path, (at) => readdirSync(at, 'buffer'))
      .map(byteStringOf)
      .sort(compareBytes);
    const children = new Map<ByteString, ContextNode>();
    for (const name of names) {
      const node = this.#node(joinPath(directory.path, name));
      if (node && this.#included(node)) children.set(name, node);
    }
    return children;
  }

  /** An ignored folder stays visible where a `!` pattern takes something below it back in. */
  #included(node: ContextNode): boolean {
    const text = displayBytes(node.path);
    if (!this.#ignore.ignores(text)) return true;
    if (node.kind !== 'directory' || !this.#ignore.mayContainIncluded(text)) return false;
    return this.#children(node).size > 0;
  }

  #node(path: ByteString): ContextNode | undefined {
    const stats = this.#stat(path);
    if (!stats) return undefined;
    const kind = kindOf(stats);
    // Sockets cannot be in a tar; docker leaves them out as well.
    if (!kind) return undefined;
    return {
      kind,
      path,
      entry: this.#entryOf(kind, path, stats),
      ...(kind === 'file' && stats.nlink > 1n ? { identity: `${stats.dev}:${stats.ino}` } : {}),
    };
  }

  #entryOf(kind: FileNode['kind'], path: ByteString, stats: BigIntStats): Entry {
    const metadata = {
      path,
      mode: Number(stats.mode) & 0o7777,
      uid: 0,
      gid: 0,
      mtime: { seconds: Number(splitTime(stats.mtimeNs).seconds), nanoseconds: 0 },
      xattrs: NO_XATTRS,
    };
    switch (kind) {
      case 'file':
        return { ...metadata, kind, size: Number(stats.size) };
      case 'symlink': {
        const target = this.#access(path, (at) => readlinkSync(at, { encoding: 'buffer' }));
        return { ...metadata, kind, target: byteStringOf(target) };
      }
      case 'char':
      case 'block':
        return { ...metadata, kind, ...deviceNumbers(stats.rdev) };
      default:
        return { ...metadata, kind };
    }
  }

  #stat(path: ByteString) {
    return this.#access(path, (at) => lstatSync(at, { bigint: true, throwIfNoEntry: false }));
  }

  /** What the system refuses names the file as the user knows it. */
  #access<T>(path: ByteString, call: (at: Buffer) => T): T {
    const at = this.#at(path);
    try {
      return call(at);
    } catch (error) {
      throw unreadable(error, displayBytes(byteStringOf(at)));
    }
  }

  #at(path: ByteString): Buffer {
    return path === ''
      ? this.#folder
      : Buffer.concat([this.#folder, Buffer.from('/'), bytesOf(path)]);
  }
}

function own(node: FileNode): ContextNode {
  assert('entry' in node, 'a node of this context');
  return node as ContextNode;
}

/** What cannot be scanned is read file by file, and then says what is wrong with which. */
async function unlessUnreadable<T>(scan: () => Promise<T>): Promise<T | undefined> {
  try {
    return await scan();
  } catch (error) {
    if (errnoOf(error) === undefined && !isSlipwayError(error)) throw error;
    if (isSlipwayError(error) && error.kind === 'cancelled') throw error;
    return undefined;
  }
}

function changed(path: ByteString): SlipwayError {
  return new SlipwayError(
    'FILE_UNUSABLE',
    `${displayBytes(path)}: the file became shorter while it was read`,
    { hint: 'build again when nothing writes to the context' },
  );
}

interface KindStats {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isCharacterDevice(): boolean;
  isBlockDevice(): boolean;
  isFIFO(): boolean;
}

function kindOf(stats: KindStats): FileNode['kind'] | undefined {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isCharacterDevice()) return 'char';
  if (stats.isBlockDevice()) return 'block';
  return stats.isFIFO() ? 'fifo' : undefined;
}

/** `a/b/c`: a, a/b, a/b/c. */
function parentsOf(path: string): readonly string[] {
  const parts = path === '' ? [] : path.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

function compareBytes(a: ByteString, b: ByteString): number {
  return a < b ? -1 : 1;
}
