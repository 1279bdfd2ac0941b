/**
 * The store's blobs as one repository of the registry shows them: a blob is visible only where it
 * was uploaded, mounted or put as part of a manifest. Bytes are shared with everything else in the
 * store; only the links are per repository. A fresh link keeps its blob from gc for a while, so a
 * push may take its time between a blob and the manifest that needs it.
 */
import type { Digest } from '#core/digest.ts';
import type {
  BlobInfo,
  BlobMounter,
  BlobRange,
  BlobStore,
  CallOptions,
  Ingest,
} from '#core/repository.ts';
import { blobUnknown, type LocalBlobs } from './local-blobs.ts';
import type { Metadata } from './metadata.ts';
import { addLink } from './registry-links.ts';

export class LinkedBlobs implements BlobStore, BlobMounter {
  readonly #repository: string;
  readonly #blobs: LocalBlobs;
  readonly #metadata: Metadata;

  /** @internal use LocalStore.repository */
  constructor(options: { repository: string; blobs: LocalBlobs; metadata: Metadata }) {
    this.#repository = options.repository;
    this.#blobs = options.blobs;
    this.#metadata = options.metadata;
  }

  /** Also renews the link: whoever asks may be about to rely on the answer. */
  async stat(digest: Digest): Promise<BlobInfo | undefined> {
    return this.renew(digest) ? await this.#blobs.peek(digest) : undefined;
  }

  async *read(
    digest: Digest,
    options: CallOptions & { readonly range?: BlobRange } = {},
  ): AsyncIterable<Uint8Array> {
    if (!this.#isLinked(digest)) throw blobUnknown(digest);
    yield* this.#blobs.read(digest, options);
  }

  async ingest(expected?: Partial<BlobInfo>, options?: CallOptions): Promise<Ingest> {
    const ingest = await this.#blobs.ingest(expected, options);
    return {
      write: (chunk) => ingest.write(chunk),
      commit: async (wanted) => {
        const info = await ingest.commit(wanted);
        this.link(info);
        return info;
      },
      [Symbol.asyncDispose]: () => ingest[Symbol.asyncDispose](),
    };
  }

  /** Links a blob that is anywhere in the store; `from` need not be right. */
  async mount(digest: Digest): Promise<boolean> {
    const info = await this.#blobs.stat(digest);
    if (!info) return false;
    this.link(info);
    return true;
  }

  /** Removes it from this repository; gc removes the bytes when nobody else has them. */
  async delete(digest: Digest): Promise<boolean> {
    const removed = this.#metadata.run(
      'DELETE FROM links WHERE repository = ? AND digest = ?',
      this.#repository,
      digest,
    );
    return removed > 0;
  }

  /** Makes a blob of the store visible here. */
  link(blob: BlobInfo, atMs?: number): void {
    addLink(this.#metadata, this.#repository, blob, atMs);
  }

  /** Keeps a blob that is visible here for as long as a fresh one; false where it is not visible. */
  renew(digest: Digest, atMs: number = Date.now()): boolean {
    const renewed = this.#metadata.run(
      'UPDATE links SET linked_at_ms = ? WHERE repository = ? AND digest = ?',
      atMs,
      this.#repository,
      digest,
    );
    return renewed > 0;
  }

  #isLinked(digest: Digest): boolean {
    const row = this.#metadata.get(
      'SELECT 1 FROM links WHERE repository = ? AND digest = ?',
      this.#repository,
      digest,
    );
    return row !== undefined;
  }
}
