/**
 * The folder that unpack.ts fills: one method for each kind of entry, and what has to wait for the end,
 * the marks of deleted files and the metadata of directories. It trusts no path: a directory counts as
 * one only after lstat said so.
 */
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  type Stats,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import type {
  DeviceEntry,
  EntryMetadata,
  FifoEntry,
  HardlinkEntry,
  SymlinkEntry,
} from '#archive/entry.ts';
import { EPOCH, NO_XATTRS } from '#archive/entry.ts';
import { splitPath } from '#archive/entry-path.ts';
import type { TarEntry } from '#archive/tar-read.ts';
import { parseWhiteout } from '#archive/whiteout.ts';
import { type ByteString, toByteString } from '#core/bytes.ts';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import { type FolderWarning, onPath, refusedEntry, unmappedOwner } from './folder-errors.ts';
import { compareWalked, joinBytes } from './folder-walk.ts';
import { type HostCalls, isKeptXattr } from './host-calls.ts';
import { removeDirectory, writeAll, writeSegments } from './unpack-content.ts';

const DEPTH_MAX = 1000;
const AUFS_PART = /(?:^|\/)\.wh\.\.wh\.(?!\.opq(?:\/|$))/;
const OPAQUE_VALUE = Buffer.from('y');

interface Mark {
  /** Of what is hidden, or of the opaque directory. */
  readonly path: ByteString;
  readonly isOpaque: boolean;
}

export interface UnpackTargetOptions {
  readonly folder: string;
  readonly userXattr: boolean;
  readonly host?: Omit<HostCalls, 'readXattrs'>;
  /** False: the entries are of no layer, and `.wh.x` is a name like any other. Default true. */
  readonly hasMarks?: boolean;
}

/** Takes the entries in the order of the tar, then {@link finish}. */
export class UnpackTarget {
  readonly warnings: FolderWarning[] = [];
  readonly #folder: Buffer;
  readonly #userXattr: boolean;
  readonly #host: Omit<HostCalls, 'readXattrs'> | undefined;
  readonly #hasMarks: boolean;
  readonly #isRoot = process.geteuid?.() === 0;
  /** Seen to be directories. */
  readonly #directories = new Set<string>(['']);
  /** To be applied at the end. */
  readonly #metadata = new Map<ByteString, EntryMetadata>();
  readonly #marks: Mark[] = [];
  /** The entries are all there: what they left in the way of a mark stays. */
  #isMarking = false;

  constructor(options: UnpackTargetOptions) {
    this.#folder = Buffer.from(options.folder);
    this.#userXattr = options.userXattr;
    this.#host = options.host;
    this.#hasMarks = options.hasMarks ?? true;
    onPath(options.folder, () => readdirSync(this.#folder));
  }

  /** @throws ENTRY_REFUSED and as systemError */
  async add(found: TarEntry): Promise<void> {
    const { entry } = found;
    if (this.#hasMarks && this.#takeMark(entry.path)) return;
    if (entry.path === '') {
      if (entry.kind !== 'directory') {
        throw refusedEntry('the root of a layer must be a directory', '');
      }
      this.#metadata.set(entry.path, entry);
      return;
    }
    this.#openParent(entry.path);
    if (entry.kind === 'hardlink') return this.#linkName(entry);
    if (entry.kind === 'directory') {
      this.#makeDirectory(entry.path);
      this.#metadata.set(entry.path, entry);
      return;
    }
    onPath(entry.path, () => this.#clear(entry.path));
    if (entry.kind === 'file') await this.#writeFile(found);
    else if (entry.kind === 'symlink') this.#makeSymlink(entry);
    else if (!this.#makeNode(entry)) return;
    onPath(entry.path, () => this.#setMetadata(entry, entry.kind === 'symlink'));
  }

  /** Applies the marks, then the metadata of directories, deepest first. */
  finish(): void {
    this.#isMarking = true;
    for (const mark of this.#marks) onPath(mark.path, () => this.#applyMark(mark));
    const paths = [...this.#metadata.keys()].sort((a, b) => compareWalked(b, a));
    for (const path of paths) {
      const metadata = this.#metadata.get(path);
      if (metadata !== undefined) onPath(path, () => this.#setMetadata(metadata, false));
    }
  }

  #file(path: ByteString): Buffer {
    return joinBytes(this.#folder, path);
  }

  #stat(path: ByteString): Stats | undefined {
    try {
      return lstatSync(this.#file(path));
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
      throw error;
    }
  }

  /** True when the path is a mark, not a file. */
  #takeMark(path: ByteString): boolean {
    if (AUFS_PART.test(path)) return true;
    const { parent, name } = splitPath(path);
    const whiteout = parseWhiteout(name);
    if (whiteout?.kind === 'opaque') this.#marks.push({ path: parent, isOpaque: true });
    if (whiteout?.kind === 'name') {
      const hidden = parent === '' ? whiteout.name : `${parent}/${whiteout.name}`;
      this.#marks.push({ path: hidden as ByteString, isOpaque: false });
    }
    return whiteout !== undefined;
  }

  /** Makes every directory above `path` one; false when a mark finds a file in its way. */
  #openParent(path: ByteString): boolean {
    const { parent } = splitPath(path);
    return this.#openDirectory(parent);
  }

  #openDirectory(directory: ByteString): boolean {
    if (this.#directories.has(directory)) return true;
    if (directory.split('/').length > DEPTH_MAX) {
      throw refusedEntry('folders nest too deep', directory);
    }
    if (!this.#openParent(directory)) return false;
    return onPath(directory, () => {
      const stats = this.#stat(directory);
      if (stats?.isDirectory() !== true) {
        if (this.#isMarking && stats !== undefined) return false;
        this.#metadata.set(directory, impliedDirectory(directory));
        this.#makeDirectory(directory);
      }
      this.#directories.add(directory);
      return true;
    });
  }

  /** A directory keeps what is in it; anything else makes way. */
  #makeDirectory(path: ByteString): void {
    onPath(path, () => {
      const stats = this.#stat(path);
      if (stats?.isDirectory() === true) return;
      if (stats !== undefined) unlinkSync(this.#file(path));
      mkdirSync(this.#file(path), 0o700);
    });
  }

  /** Removes what an earlier entry left there. */
  #clear(path: ByteString): void {
    const stats = this.#stat(path);
    if (stats === undefined) return;
    if (!stats.isDirectory()) {
      unlinkSync(this.#file(path));
      return;
    }
    removeDirectory(this.#file(path));
    const isGone = (each: string) => each === path || each.startsWith(`${path}/`);
    for (const each of this.#directories) if (isGone(each)) this.#directories.delete(each);
    for (const each of this.#metadata.keys()) if (isGone(each)) this.#metadata.delete(each);
  }

  async #writeFile({ entry, content, stored }: TarEntry): Promise<void> {
    const fd = onPath(entry.path, () => openSync(this.#file(entry.path), 'wx', 0o600));
    try {
      if (entry.kind === 'file' && entry.sparse !== undefined) {
        const { size, sparse } = entry;
        onPath(entry.path, () => ftruncateSync(fd, size));
        await writeSegments(fd, stored(), { segments: sparse, path: entry.path });
      } else {
        for await (const chunk of content()) onPath(entry.path, () => writeAll(fd, chunk, null));
      }
    } finally {
      closeSync(fd);
    }
  }

  #makeSymlink(entry: SymlinkEntry): void {
    if (entry.target.length === 0 || entry.target.length > 4095 || entry.target.includes('\0')) {
      throw refusedEntry('the target of a symlink is empty, too long or has a NUL', entry.path);
    }
    const target = Buffer.from(entry.target, 'latin1');
    onPath(entry.path, () => symlinkSync(target, this.#file(entry.path)));
  }

  /** False: left out, with a warning. */
  #makeNode(entry: DeviceEntry | FifoEntry): boolean {
    const device = entry.kind === 'fifo' ? { major: 0, minor: 0 } : entry;
    const isMark = entry.kind === 'char' && device.major === 0 && device.minor === 0;
    if (isMark) this.#warn('a char device 0:0 hides its name in an overlay', entry.path);
    else if (entry.kind !== 'fifo' && !this.#isRoot) {
      this.#warn('devices need root: left out', entry.path);
      return false;
    }
    const host = this.#host;
    if (host === undefined) {
      this.#warn('special files need the native helper: left out', entry.path);
      return false;
    }
    const { major, minor } = device;
    onPath(entry.path, () =>
      host.makeNode(this.#file(entry.path), { kind: entry.kind, major, minor }),
    );
    return true;
  }

  #linkName(entry: HardlinkEntry): void {
    const stats = this.#linkTarget(entry);
    if (stats === undefined) {
      throw refusedEntry('the target of a hard link is not in this layer', entry.path);
    }
    if (stats.isDirectory()) {
      throw refusedEntry('the target of a hard link is a directory', entry.path);
    }
    onPath(entry.path, () => {
      const there = this.#stat(entry.path);
      if (there?.ino === stats.ino && there.dev === stats.dev) return;
      this.#clear(entry.path);
      if (this.#linkTarget(entry) === undefined) {
        throw refusedEntry('a hard link replaces its own target', entry.path);
      }
      linkSync(this.#file(entry.target), this.#file(entry.path));
    });
  }

  /** No directory on the way may be a symlink. */
  #linkTarget({ target }: HardlinkEntry): Stats | undefined {
    const parts = target.split('/');
    for (let i = 1; i < parts.length; i++) {
      const parent = parts.slice(0, i).join('/') as ByteString;
      if (this.#directories.has(parent)) continue;
      if (this.#stat(parent)?.isDirectory() !== true) return undefined;
    }
    return this.#stat(target);
  }

  /** Owner before attributes and mode: a new owner clears security.capability and setuid. */
  #setMetadata(entry: EntryMetadata, isSymlink: boolean): void {
    const file = this.#file(entry.path);
    if (this.#isRoot) this.#setOwner(file, entry);
    for (const [name, value] of entry.xattrs) {
      if (isKeptXattr(name)) this.#setXattr(entry.path, name, value);
    }
    if (!isSymlink) chmodSync(file, entry.mode);
    const time = new Date(entry.mtime.seconds * 1000 + Math.floor(entry.mtime.nanoseconds / 1e6));
    lutimesSync(file, time, time);
  }

  #setOwner(file: Buffer, { uid, gid, path }: EntryMetadata): void {
    try {
      lchownSync(file, uid, gid);
    } catch (error) {
      if (errnoOf(error) !== 'EINVAL') throw error;
      throw unmappedOwner(`${uid}:${gid}`, path);
    }
  }

  #setXattr(path: ByteString, name: ByteString, value: Uint8Array): void {
    const left = `extended attribute ${name} cannot be set here: left out`;
    try {
      if (this.#host === undefined) this.#warn(left, path);
      else this.#host.setXattr(this.#file(path), name, value);
    } catch (error) {
      // Not for symlinks, not on this file system, or not for this user: the layer stays usable.
      const errno = errnoOf(error);
      if (errno !== 'EPERM' && errno !== 'ENOTSUP' && errno !== 'EOPNOTSUPP') throw error;
      this.#warn(left, path);
    }
  }

  /**
   * A whiteout of a name that the layer has too hides what is below it only: for a directory that is
   * the opaque mark, for anything else nothing is left to do.
   */
  #applyMark({ path, isOpaque }: Mark): void {
    const host = this.#host ?? needsHelper();
    if (!(isOpaque ? this.#openDirectory(path) : this.#openParent(path))) return;
    const stats = this.#stat(path);
    if (isOpaque || stats?.isDirectory() === true) {
      const name = toByteString(`${this.#userXattr ? 'user' : 'trusted'}.overlay.opaque`);
      host.setXattr(this.#file(path), name, OPAQUE_VALUE);
    } else if (stats === undefined) {
      host.makeNode(this.#file(path), { kind: 'char', major: 0, minor: 0 });
      chmodSync(this.#file(path), 0);
      lutimesSync(this.#file(path), 0, 0);
    }
  }

  #warn(message: string, path: ByteString): void {
    this.warnings.push({ message, path });
  }
}

function needsHelper(): never {
  throw new SlipwayError(
    'HELPER_MISSING',
    'deletions of a layer cannot be unpacked without the helper',
    {
      hint: 'build it: make -C native',
    },
  );
}

function impliedDirectory(path: ByteString): EntryMetadata {
  return { path, mode: 0o755, uid: 0, gid: 0, mtime: EPOCH, xattrs: NO_XATTRS };
}
