/**
 * A file that becomes visible when it is complete. What is written is reproducible, so what a killed
 * writer left of the same file is taken over: its bytes are compared with what comes, kept as far as
 * they are the same, and written over from the first difference on. Nothing unverified stays.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '#core/errors.ts';
import type { BlobInfo, CallOptions } from '#core/repository.ts';
import type { BlobPlace } from '#store/archive-write.ts';
import { copyVerified } from '#store/copy-verified.ts';
import { onDisk } from '#store/disk-errors.ts';
import { writeAll } from '#store/durable-file.ts';
import { currentOwner, ownerOfName, ownerState } from '#store/process-owner.ts';

export interface FileWriterOptions {
  /** A file of this size that has the name already is taken over too. */
  readonly reuseSize?: number;
}

export class FileWriter implements AsyncDisposable {
  readonly #path: string;
  readonly #temporary: string;
  #file: FileHandle | undefined;
  #position = 0;
  /** Up to here an earlier writer's bytes may be the same. */
  #unverified: number;
  #kept = 0;
  readonly #before: number;
  /** It had its name, and nothing of it was changed yet. */
  #isOriginal: boolean;
  #scratch = Buffer.alloc(0);

  private constructor(options: {
    readonly path: string;
    readonly temporary: string;
    readonly file: FileHandle;
    readonly before: number;
    readonly isWhole: boolean;
  }) {
    this.#path = options.path;
    this.#temporary = options.temporary;
    this.#file = options.file;
    this.#before = options.before;
    this.#unverified = options.before;
    this.#isOriginal = options.isWhole;
  }

  /** Takes over what is left of the file, if anything is. @throws PERMISSION, DISK_FULL */
  static async open(path: string, options: FileWriterOptions = {}): Promise<FileWriter> {
    const temporary = `${temporaryPrefix(path)}${currentOwner()}.${randomBytes(8).toString('hex')}`;
    const isWhole = options.reuseSize !== undefined && (await ownSize(path)) === options.reuseSize;
    if (isWhole) await onDisk(path, () => rename(path, temporary));
    const isTaken = isWhole || (await takeOver(path, temporary));
    const flags = isTaken ? constants.O_RDWR | constants.O_NOFOLLOW : 'wx';
    const file = await onDisk(path, () => open(temporary, flags, 0o666));
    const before = isTaken ? (await file.stat()).size : 0;
    return new FileWriter({ path, temporary, file, before, isWhole });
  }

  /** How many bytes of an earlier writer proved right. */
  get keptBytes(): number {
    return this.#kept;
  }

  async write(chunk: Uint8Array): Promise<void> {
    await onDisk(this.#path, async () => {
      if (await this.#isThere(chunk)) return;
      this.#isOriginal = false;
      await writeAll(this.#handle(), chunk, this.#position);
    });
    this.#position += chunk.byteLength;
  }

  /** Leaves room for what {@link place} puts there. */
  skip(bytes: number): void {
    this.#position += bytes;
  }

  /**
   * A large blob at its place, verified; several at once, and while others write around it.
   * @throws DIGEST_MISMATCH, SIZE_MISMATCH: the file must not be committed
   */
  async place(
    blob: BlobInfo,
    { parts, position }: BlobPlace,
    call: CallOptions = {},
  ): Promise<void> {
    const { fd } = this.#handle();
    const to = { path: this.#path, fd, position, writtenBefore: this.#before };
    const { keptBytes, size } = await copyVerified(blob, { parts, to }, call);
    this.#kept += keptBytes;
    if (keptBytes < size) this.#isOriginal = false;
  }

  /**
   * The file gets its name. When its bytes reach the disk is the system's business, as after `cp`:
   * waiting takes longer than all the rest, a stick is unmounted before it is pulled out, and a load
   * finds what a power cut left out.
   */
  async commit(): Promise<void> {
    await onDisk(this.#path, async () => {
      if (this.#before > this.#position) await this.#handle().truncate(this.#position);
      await this.#handle().close();
      this.#file = undefined;
      await rename(this.#temporary, this.#path);
    });
  }

  /** Without commit nothing stays, but for a file of which nothing was found wrong. */
  async [Symbol.asyncDispose](): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (!file) return;
    await file.close();
    if (this.#isOriginal) await rename(this.#temporary, this.#path);
    else await rm(this.#temporary, { force: true });
  }

  /** Whether an earlier writer wrote exactly this here. After the first difference nobody asks. */
  async #isThere(chunk: Uint8Array): Promise<boolean> {
    if (this.#position + chunk.byteLength > this.#unverified) {
      this.#unverified = 0;
      return false;
    }
    if (this.#scratch.byteLength < chunk.byteLength) {
      this.#scratch = Buffer.allocUnsafe(chunk.byteLength);
    }
    const { length } = chunk;
    const { bytesRead } = await this.#handle().read(this.#scratch, 0, length, this.#position);
    const isSame = bytesRead === length && this.#scratch.subarray(0, length).equals(chunk);
    if (isSame) this.#kept += length;
    else this.#unverified = 0;
    return isSame;
  }

  #handle(): FileHandle {
    if (!this.#file) throw new Error('invariant broken: a file was written after its end');
    return this.#file;
  }
}

/** What is between it and `<owner>.<random>` names the file that it is to become. */
function temporaryPrefix(path: string): string {
  return join(dirname(path), `.${basename(path)}.slipway-`);
}

/** Makes the longest of what dead writers left our own and removes the others. */
async function takeOver(path: string, temporary: string): Promise<boolean> {
  let isTaken = false;
  for (const found of await deadSiblings(path)) {
    if (isTaken) {
      await rm(found, { force: true });
      continue;
    }
    try {
      await rename(found, temporary);
      isTaken = true;
    } catch (error) {
      // Another process took it in the meantime.
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
  return isTaken;
}

/** Longest first. */
async function deadSiblings(path: string): Promise<readonly string[]> {
  const prefix = basename(temporaryPrefix(path));
  const found: { readonly path: string; readonly size: number }[] = [];
  for (const name of await onDisk(path, () => readdir(dirname(path)))) {
    if (!name.startsWith(prefix)) continue;
    if (ownerState(ownerOfName(name.slice(prefix.length))) !== 'dead') continue;
    const sibling = join(dirname(path), name);
    const size = await ownSize(sibling);
    if (size !== undefined) found.push({ path: sibling, size });
  }
  return found.sort((left, right) => right.size - left.size).map((one) => one.path);
}

/**
 * Of a file that is ours alone; undefined for everything else. In a folder like /tmp anybody can put a
 * link under such a name, and what we write must not end up behind it.
 */
async function ownSize(path: string): Promise<number | undefined> {
  try {
    const stats = await lstat(path);
    const isOurs = stats.isFile() && stats.nlink === 1 && stats.uid === process.geteuid?.();
    return isOurs ? stats.size : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
