/**
 * The store's blobs as a BlobStore: every blob of the store, whoever brought it. What is looked for
 * or written through it is held by the lease given; reading alone holds nothing, since an open file
 * outlives its name. Deleting is gc's business.
 */
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { algorithmOf, type Digest } from '#core/digest.ts';
import { errnoOf, isSlipwayError, SlipwayError } from '#core/errors.ts';
import type {
  BlobInfo,
  BlobMounter,
  BlobStore,
  CallOptions,
  FileBacked,
  FilePart,
  FileReceiver,
  Ingest,
} from '#core/repository.ts';
import type { CopyVerifiedOptions } from './copy-verified.ts';
import { onDisk } from './disk-errors.ts';
import { putInPlace, writeInPlace } from './durable-file.ts';
import { type FileReadOptions, readFileChunks, readSmallFile } from './file-read.ts';
import { fileSize } from './file-size.ts';
import type { Lease } from './leases.ts';
import { beginIngest } from './local-ingest.ts';
import type { StorePaths } from './paths.ts';
import { sizeMismatch, verified, verifyBytes } from './verified-read.ts';

export class LocalBlobs implements BlobStore, BlobMounter, FileBacked, FileReceiver {
  readonly #paths: StorePaths;
  readonly #lease: Lease;

  /** @internal use LocalStore.blobs */
  constructor(paths: StorePaths, lease: Lease) {
    this.#paths = paths;
    this.#lease = lease;
  }

  /** Where a blob's file is, or would be. Hold it (stat, ingest) before relying on it. */
  path(digest: Digest): string {
    return this.#paths.blob(digest);
  }

  async stat(digest: Digest): Promise<BlobInfo | undefined> {
    if (fileSize(this.#paths.blob(digest)) === undefined) return undefined;
    // Held first, looked for again: gc may have come in between.
    this.#lease.hold(digest);
    const size = fileSize(this.#paths.blob(digest));
    return size === undefined ? undefined : { digest, size };
  }

  /** {@link stat} without holding: the answer may be old at once. */
  async peek(digest: Digest): Promise<BlobInfo | undefined> {
    const size = fileSize(this.#paths.blob(digest));
    return size === undefined ? undefined : { digest, size };
  }

  async *read(digest: Digest, options: FileReadOptions = {}): AsyncIterable<Uint8Array> {
    const path = this.#paths.blob(digest);
    try {
      const from = `blob ${path}`;
      if (options.range) return yield* readFileChunks(path, options);
      options.signal?.throwIfAborted();
      const small = readSmallFile(path);
      if (!small) return yield* verified(readFileChunks(path, options), { digest, from });
      verifyBytes(small, { digest, from });
      if (small.byteLength > 0) yield small;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw blobUnknown(digest);
      if (isSlipwayError(error, 'DIGEST_MISMATCH')) await this.#dropDamaged(path);
      throw error;
    }
  }

  async ingest(expected: Partial<BlobInfo> = {}, options: CallOptions = {}): Promise<Ingest> {
    return await beginIngest({
      temporary: this.#paths.temporary('ingest'),
      algorithm: expected.digest ? algorithmOf(expected.digest) : 'sha256',
      path: (digest) => this.#paths.blob(digest),
      hold: (digest) => this.#lease.hold(digest),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  }

  /**
   * Bytes in memory, held from now on. What is here already is not written again.
   * @throws DIGEST_MISMATCH
   */
  async put(digest: Digest, bytes: Uint8Array, options: CallOptions = {}): Promise<BlobInfo> {
    options.signal?.throwIfAborted();
    verifyBytes(bytes, { digest, from: 'the content received' });
    const blob = { digest, size: bytes.byteLength };
    if ((await this.stat(digest))?.size === blob.size) return blob;
    this.#lease.hold(digest);
    const path = this.#paths.blob(digest);
    await writeInPlace(this.#paths.temporary('ingest'), path, bytes);
    return blob;
  }

  async partsOf(digest: Digest): Promise<readonly FilePart[] | undefined> {
    const length = fileSize(this.#paths.blob(digest));
    return length === undefined ? undefined : [{ path: this.path(digest), offset: 0, length }];
  }

  async receiveParts(
    blob: BlobInfo,
    parts: readonly FilePart[],
    options: CopyVerifiedOptions = {},
  ): Promise<void> {
    const { copyVerified } = await import('./copy-verified.ts');
    const temporary = this.#paths.temporary('ingest');
    try {
      {
        await using file = await onDisk(temporary, () => open(temporary, 'wx', 0o644));
        const to = { path: temporary, fd: file.fd, position: 0 };
        await using behind = new WriteBehind(file);
        const onProgress = (bytes: number): void => {
          behind.push();
          options.onProgress?.(bytes);
        };
        await copyVerified(blob, { parts, to }, { ...options, onProgress });
        await onDisk(temporary, () => behind.settle());
      }
      await this.adopt(temporary, blob);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** True when the blob is in the store: nothing has to be moved. */
  async mount(digest: Digest): Promise<boolean> {
    return (await this.stat(digest)) !== undefined;
  }

  /**
   * Takes over a finished file of the same file system as a blob; the file is gone from its old
   * place afterwards. Its digest is trusted (the writer hashed what it wrote), its size is checked.
   * @throws SIZE_MISMATCH
   */
  async adopt(file: string, expected: BlobInfo): Promise<BlobInfo> {
    const { size } = await stat(file);
    if (size !== expected.size) throw sizeMismatch({ ...expected, from: file }, size);
    this.#lease.hold(expected.digest);
    if (fileSize(this.#paths.blob(expected.digest)) === size) await rm(file, { force: true });
    else await putInPlace(file, this.#paths.blob(expected.digest));
    return { digest: expected.digest, size };
  }

  /** A damaged blob must not answer `stat` any more, or nobody would ever fetch it again. */
  async #dropDamaged(path: string): Promise<void> {
    await rm(path, { force: true });
  }
}

/**
 * Has the disk write while the processor hashes, so that the sync at the end (durable-file.ts), which
 * is the one that counts, finds little left to do.
 */
class WriteBehind implements AsyncDisposable {
  readonly #file: FileHandle;
  #writing: Promise<void> | undefined;
  #failure: { readonly cause: unknown } | undefined;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  push(): void {
    this.#writing ??= this.#file
      .datasync()
      .catch((cause: unknown) => {
        this.#failure ??= { cause };
      })
      .then(() => {
        this.#writing = undefined;
      });
  }

  /** The system tells of a failed write once: who hears it here must not lose it. */
  async settle(): Promise<void> {
    await this.#writing;
    if (this.#failure) throw this.#failure.cause;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
  }
}

/** The answer to a digest that is not here, in docker's words. */
export function blobUnknown(digest: Digest): SlipwayError {
  return new SlipwayError('BLOB_UNKNOWN', `blob ${digest} not found: blob unknown`, {
    hint: 'pull or load the image again',
    detail: { digest },
  });
}
