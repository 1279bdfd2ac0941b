/**
 * Upload sessions of the registry (distribution-spec §Pushing blobs): a blob that arrives over
 * several requests and perhaps several lives of the server. The file is the session's truth: its
 * size is the offset, and after a restart the hash is computed from it again.
 */
import { randomUUID } from 'node:crypto';
import { open, rm, stat, writeFile } from 'node:fs/promises';
import { algorithmOf, createHasher, type DigestAlgorithm, type Hasher } from '#core/digest.ts';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import type { BlobInfo } from '#core/repository.ts';
import { onDisk } from './disk-errors.ts';
import { putInPlace, writeAll } from './durable-file.ts';
import { readFileChunks } from './file-read.ts';
import type { Lease } from './leases.ts';
import { type Metadata, textOf } from './metadata.ts';
import type { StorePaths } from './paths.ts';
import { addLink } from './registry-links.ts';
import { digestMismatch, sizeMismatch } from './verified-read.ts';

/** A session nobody has touched for this long is abandoned; gc removes it. */
export const UPLOAD_TTL_MS = 7 * 24 * 60 * 60 * 1000;

/** Hash states kept in memory; the one not used for longest is computed again when needed. */
const HASH_STATES_MAX = 256;

export interface UploadKey {
  /** The repository of the registry the blob is for. */
  readonly repository: string;
  readonly id: string;
}

/** One session. It holds no file open between calls, so there is nothing to dispose. */
export interface Upload extends UploadKey {
  /** Bytes received so far. */
  offset(): Promise<number>;
  /**
   * Appends what `source` yields and gives the new offset. `at`: where the caller believes the
   * session stands. If the source fails, what arrived before stays.
   * @throws UPLOAD_RANGE (wrong `at`, or another request is writing), UPLOAD_UNKNOWN
   */
  append(
    source: AsyncIterable<Uint8Array>,
    options?: { readonly at?: number; readonly signal?: AbortSignal },
  ): Promise<number>;
  /**
   * Ends the session: the bytes become a blob of the store, visible in the repository.
   * @throws DIGEST_MISMATCH, SIZE_MISMATCH (the session stays), UPLOAD_UNKNOWN
   */
  commit(expected: Pick<BlobInfo, 'digest'> & Partial<BlobInfo>, lease: Lease): Promise<BlobInfo>;
  /** Ends the session and removes its bytes; false when it had ended before. */
  cancel(): Promise<boolean>;
}

interface HashState {
  readonly hasher: Hasher;
  /** Bytes hashed so far. */
  readonly size: number;
}

export class UploadSessions {
  readonly #paths: StorePaths;
  readonly #metadata: Metadata;
  readonly #hashes = new Map<string, HashState>();
  readonly #writing = new Set<string>();

  /** @internal use LocalStore.uploads */
  constructor(paths: StorePaths, metadata: Metadata) {
    this.#paths = paths;
    this.#metadata = metadata;
  }

  /** A new, empty session. `algorithm`: of the digest it will be committed with, when known. */
  async create(options: {
    readonly repository: string;
    readonly algorithm?: DigestAlgorithm;
  }): Promise<Upload> {
    const id = randomUUID();
    const path = this.#paths.upload(id);
    await onDisk(path, () => writeFile(path, '', { flag: 'wx' }));
    this.#metadata.run(
      'INSERT INTO uploads VALUES (?, ?, ?, ?)',
      id,
      options.repository,
      options.algorithm ?? 'sha256',
      Date.now(),
    );
    return this.#session({ repository: options.repository, id });
  }

  /** A session begun before, perhaps by another process. @throws UPLOAD_UNKNOWN */
  async open(key: UploadKey): Promise<Upload> {
    this.#algorithm(key);
    await this.#size(key);
    return this.#session(key);
  }

  #session(key: UploadKey): Upload {
    return {
      ...key,
      offset: () => this.#size(key),
      append: (source, options = {}) =>
        this.#exclusively(key, () => this.#append(key, source, options)),
      commit: (expected, lease) => this.#exclusively(key, () => this.#commit(key, expected, lease)),
      cancel: () => this.#exclusively(key, () => this.#cancel(key)),
    };
  }

  async #append(
    key: UploadKey,
    source: AsyncIterable<Uint8Array>,
    options: { readonly at?: number; readonly signal?: AbortSignal },
  ): Promise<number> {
    let offset = await this.#size(key);
    if (options.at !== undefined && options.at !== offset)
      throw wrongRange(key, offset, options.at);
    const { hasher } = await this.#hashUpTo(key, offset, this.#algorithm(key));
    // Forgotten until all went well: after a failure nobody knows how much of the last chunk stays.
    this.#hashes.delete(key.id);
    const path = this.#paths.upload(key.id);
    await using file = await onDisk(path, () => open(path, 'r+'));
    for await (const chunk of source) {
      options.signal?.throwIfAborted();
      const at = offset;
      const written = onDisk(path, () => writeAll(file, chunk, at));
      hasher.update(chunk);
      await written;
      offset += chunk.byteLength;
    }
    this.#touch(key);
    this.#remember(key.id, { hasher, size: offset });
    return offset;
  }

  async #commit(
    key: UploadKey,
    expected: Pick<BlobInfo, 'digest'> & Partial<BlobInfo>,
    lease: Lease,
  ): Promise<BlobInfo> {
    this.#algorithm(key);
    const size = await this.#size(key);
    const what = { ...expected, from: 'the content received' };
    if (expected.size !== undefined && expected.size !== size) throw sizeMismatch(what, size);
    const { hasher } = await this.#hashUpTo(key, size, algorithmOf(expected.digest));
    this.#hashes.delete(key.id);
    const found = hasher.digest();
    if (found !== expected.digest) throw digestMismatch(what, found);
    lease.hold(found);
    await putInPlace(this.#paths.upload(key.id), this.#paths.blob(found));
    this.#metadata.transaction(() => {
      addLink(this.#metadata, key.repository, { digest: found, size });
      this.#metadata.run('DELETE FROM uploads WHERE id = ?', key.id);
    });
    return { digest: found, size };
  }

  async #cancel(key: UploadKey): Promise<boolean> {
    this.#hashes.delete(key.id);
    const removed = this.#metadata.run(
      'DELETE FROM uploads WHERE id = ? AND repository = ?',
      key.id,
      key.repository,
    );
    if (removed > 0) await rm(this.#paths.upload(key.id), { force: true });
    return removed > 0;
  }

  /** The state for exactly `size` bytes: the remembered one, or the file hashed from its start. */
  async #hashUpTo(key: UploadKey, size: number, algorithm: DigestAlgorithm): Promise<HashState> {
    const known = this.#hashes.get(key.id);
    if (known?.size === size && algorithm === this.#algorithm(key)) return known;
    const hasher = createHasher(algorithm);
    const range = { offset: 0, length: size };
    for await (const chunk of readFileChunks(this.#paths.upload(key.id), { range })) {
      hasher.update(chunk);
    }
    return { hasher, size };
  }

  #remember(id: string, state: HashState): void {
    this.#hashes.set(id, state);
    if (this.#hashes.size <= HASH_STATES_MAX) return;
    for (const oldest of this.#hashes.keys()) {
      this.#hashes.delete(oldest);
      return;
    }
  }

  /** Two requests writing one session would interleave their bytes. */
  async #exclusively<T>(key: UploadKey, work: () => Promise<T>): Promise<T> {
    if (this.#writing.has(key.id)) {
      throw new SlipwayError(
        'UPLOAD_RANGE',
        `upload ${key.id} is being written by another request`,
        {
          hint: 'wait for the other request, then ask for the offset',
          detail: { id: key.id },
        },
      );
    }
    this.#writing.add(key.id);
    try {
      return await work();
    } finally {
      this.#writing.delete(key.id);
    }
  }

  #algorithm(key: UploadKey): DigestAlgorithm {
    const row = this.#metadata.get(
      'SELECT algorithm FROM uploads WHERE id = ? AND repository = ?',
      key.id,
      key.repository,
    );
    if (!row) throw uploadUnknown(key);
    return textOf(row, 'algorithm') === 'sha512' ? 'sha512' : 'sha256';
  }

  async #size(key: UploadKey): Promise<number> {
    try {
      return (await stat(this.#paths.upload(key.id))).size;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw uploadUnknown(key);
      throw error;
    }
  }

  #touch(key: UploadKey): void {
    this.#metadata.run('UPDATE uploads SET touched_at_ms = ? WHERE id = ?', Date.now(), key.id);
  }
}

function uploadUnknown(key: UploadKey): SlipwayError {
  return new SlipwayError('UPLOAD_UNKNOWN', `upload ${key.id} not found: blob upload unknown`, {
    hint: 'begin a new upload',
    detail: { ...key },
  });
}

function wrongRange(key: UploadKey, offset: number, at: number): SlipwayError {
  return new SlipwayError('UPLOAD_RANGE', `upload ${key.id} stands at ${offset}, not at ${at}`, {
    hint: 'go on from the offset the session tells',
    detail: { id: key.id, offset },
  });
}
