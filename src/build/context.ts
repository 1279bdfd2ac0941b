/**
 * The context folder as a tree. Folders are read when something asks for them and files are hashed
 * when a COPY needs them, so what no COPY names and what .dockerignore leaves out costs nothing.
 * Symbolic links are resolved inside the context, hard links stay links; owners become root, as
 * docker sends them.
 */

import { createHash } from 'node:crypto';
import {
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
import { errnoOf, SlipwayError } from '#core/errors.ts';
import type { IgnoreMatcher } from '#dockerfile/dockerignore.ts';
import { type FileNode, type FileTree, joinPath } from './file-tree.ts';
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
  readonly size: number;
  readonly mode: number;
  readonly mtimeNs: bigint;
  readonly device: number;
  children?: ReadonlyMap<ByteString, ContextNode>;
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
  const load = async (): Promise<ContextTree> => new ContextTree(options.folder, await ignore());
  return {
    ignore,
    tree: () => {
      tree ??= load();
      return tree;
    },
  };
}

/** A folder as a tree, without what is ignored; owners become root. */
export function folderTree(folder: string, ignore: IgnoreMatcher): FileTree & Disposable {
  return new ContextTree(folder, ignore);
}

/** Bytes read at once from a file. */
const CHUNK_BYTES = 1 << 20;

class ContextTree implements FileTree, Disposable {
  readonly name = 'build context';
  readonly root: ContextNode;
  readonly #folder: Buffer;
  readonly #ignore: IgnoreMatcher;
  readonly #digests = new Map<ByteString, string>();

  constructor(folder: string, ignore: IgnoreMatcher) {
    this.#folder = Buffer.from(folder);
    this.#ignore = ignore;
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

  entry(node: FileNode, path: ByteString): Entry {
    const found = own(node);
    const seconds = Number(found.mtimeNs / 1_000_000_000n);
    const metadata = {
      path,
      mode: found.mode,
      uid: 0,
      gid: 0,
      mtime: { seconds, nanoseconds: 0 },
      xattrs: NO_XATTRS,
    };
    switch (found.kind) {
      case 'file':
        return { ...metadata, kind: 'file', size: found.size };
      case 'symlink':
        return {
          ...metadata,
          kind: 'symlink',
          target: byteStringOf(
            this.#access(found.path, (at) => readlinkSync(at, { encoding: 'buffer' })),
          ),
        };
      case 'char':
      case 'block':
        return {
          ...metadata,
          kind: found.kind,
          major: deviceMajor(found.device),
          minor: deviceMinor(found.device),
        };
      default:
        return { ...metadata, kind: found.kind };
    }
  }

  *content(node: FileNode): Iterable<Uint8Array> {
    const { path, size } = own(node);
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

  async contentSha256(node: FileNode): Promise<string> {
    const { path } = own(node);
    const known = this.#digests.get(path);
    if (known !== undefined) return known;
    const hash = createHash('sha256');
    for (const chunk of this.content(node)) hash.update(chunk);
    const digest = hash.digest('hex');
    this.#digests.set(path, digest);
    return digest;
  }

  hintFor(path: ByteString): string | undefined {
    if (!this.#ignore.ignores(displayBytes(path)) || !this.#stat(path)) return undefined;
    return `"${displayBytes(path)}" exists but .dockerignore leaves it out: add "!${displayBytes(path)}" to it`;
  }

  #children(directory: FileNode): ReadonlyMap<ByteString, ContextNode> {
    const node = own(directory);
    node.children ??= this.#read(node);
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
      size: Number(stats.size),
      mode: Number(stats.mode) & 0o7777,
      mtimeNs: stats.mtimeNs,
      device: Number(stats.rdev),
      ...(kind === 'file' && stats.nlink > 1n ? { identity: `${stats.dev}:${stats.ino}` } : {}),
    };
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
  assert('mtimeNs' in node, 'a node of this context');
  return node as ContextNode;
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

/** glibc's split of a device number. */
function deviceMajor(device: number): number {
  return (device >> 8) & 0xfff;
}

function deviceMinor(device: number): number {
  return (device & 0xff) | ((device >> 12) & 0xfff00);
}

function compareBytes(a: ByteString, b: ByteString): number {
  return a < b ? -1 : 1;
}
