/**
 * One layer of a chain, opened for reading: its index and its tar. Files are opened when first
 * needed; an index is read as a whole, content by pread.
 */
import { Buffer } from 'node:buffer';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { ByteString } from '#core/bytes.ts';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import { type DirectoryRecord, ErofsImage, type Inode } from './erofs-read.ts';
import type { LayerFiles } from './layer.ts';
import { type Marks, parseMarks } from './marks.ts';

const NO_MARKS: Marks = { isOpaque: false };

export class LayerReader implements Disposable {
  readonly #files: LayerFiles;
  #image: ErofsImage | undefined;
  #tarFile: number | undefined;

  constructor(files: LayerFiles) {
    this.#files = files;
  }

  /** The index. @throws STORE_BROKEN when the file is missing; INDEX_INVALID */
  get image(): ErofsImage {
    this.#image ??= this.#open();
    return this.#image;
  }

  #open(): ErofsImage {
    const image = new ErofsImage(this.#access(() => readFileSync(this.#files.index)));
    if (image.deviceBlocks.length !== 1) {
      throw new SlipwayError('INDEX_INVALID', 'damaged layer index: it is not of one layer', {
        hint: 'remove the index file; it is made again from the layer',
      });
    }
    return image;
  }

  /** Path of the tar. */
  get tar(): string {
    return this.#files.tar;
  }

  /** Blocks of the tar, as the index has it. */
  get tarBlocks(): number {
    return this.image.deviceBlocks[0] ?? 0;
  }

  lookup(directory: Inode, name: ByteString): Inode | undefined {
    const record = this.image.lookup(directory, name);
    return record === undefined ? undefined : this.inodeOf(record);
  }

  /** @throws INDEX_INVALID when the record and its inode disagree */
  inodeOf(record: DirectoryRecord): Inode {
    const inode = this.image.inode(record.nid);
    if (inode.kind !== record.kind) {
      throw new SlipwayError('INDEX_INVALID', 'damaged layer index: a name is of the wrong kind', {
        hint: 'remove the index file; it is made again from the layer',
      });
    }
    return inode;
  }

  /** What the index says beyond the file itself. @throws INDEX_INVALID */
  marks(inode: Inode): Marks {
    if (inode.xattrBytes === 0) return NO_MARKS;
    const marks = parseMarks(this.image.xattrs(inode));
    if (marks === undefined) {
      throw new SlipwayError('INDEX_INVALID', 'damaged layer index: it has an unknown mark', {
        hint: 'remove the index file; it is made again from the layer',
      });
    }
    return marks;
  }

  /** Bytes of the tar. @throws STORE_BROKEN when it is missing or too short */
  readTar(offset: number, length: number): Buffer {
    this.#tarFile ??= this.#access(() => openSync(this.#files.tar, 'r'));
    const buffer = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const count = readSync(this.#tarFile, buffer, done, length - done, offset + done);
      if (count === 0) throw this.#broken('is shorter than its index says');
      done += count;
    }
    return buffer;
  }

  #access<T>(open: () => T): T {
    try {
      return open();
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      throw this.#broken('is missing', error);
    }
  }

  #broken(what: string, cause?: unknown): SlipwayError {
    return new SlipwayError('STORE_BROKEN', `layer ${this.#files.diffId} ${what}`, {
      hint: 'pull or build the image again',
      detail: { diffId: this.#files.diffId },
      ...(cause === undefined ? {} : { cause }),
    });
  }

  [Symbol.dispose](): void {
    if (this.#tarFile !== undefined) closeSync(this.#tarFile);
    this.#tarFile = undefined;
    this.#image = undefined;
  }
}
