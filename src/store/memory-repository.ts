/**
 * A Repository in memory: for tests, and to show somebody manifests that stand over another place's
 * blobs. Nothing survives the process; the size is the caller's business.
 */
import type { Descriptor } from '#core/descriptor.ts';
import { algorithmOf, createHasher, type Digest, isDigest } from '#core/digest.ts';
import { descriptorOf } from '#core/manifest.ts';
import type {
  BlobInfo,
  BlobRange,
  BlobStore,
  CallOptions,
  Ingest,
  RawManifest,
  ReferrerLister,
  ReferrerOptions,
  Repository,
} from '#core/repository.ts';
import { blobUnknown } from './local-blobs.ts';
import { checkManifest, manifestUnknown } from './manifest-rules.ts';
import { referrersAmong, referrersTo } from './referrers.ts';
import { digestMismatch, sizeMismatch } from './verified-read.ts';

export class MemoryRepository implements Repository, ReferrerLister {
  readonly blobs: BlobStore;
  readonly #manifests = new Map<Digest, RawManifest>();
  readonly #tags = new Map<string, Digest>();

  /** `blobs`: another place's, to put manifests over; absent: its own, in memory. */
  constructor(options: { readonly blobs?: BlobStore } = {}) {
    this.blobs = options.blobs ?? new MemoryBlobs();
  }

  async resolve(tagOrDigest: string): Promise<Descriptor> {
    return descriptorOf(this.#find(tagOrDigest));
  }

  async getManifest(tagOrDigest: string): Promise<RawManifest> {
    return this.#find(tagOrDigest);
  }

  async putManifest(
    raw: RawManifest,
    options: CallOptions & { readonly tag?: string } = {},
  ): Promise<Descriptor> {
    const presence = {
      blob: (digest: Digest) => this.blobs.stat(digest, options),
      manifest: async (digest: Digest) => this.#manifests.has(digest),
    };
    await checkManifest(raw, presence, options);
    this.#manifests.set(raw.digest, raw);
    if (options.tag !== undefined) this.#tags.set(options.tag, raw.digest);
    return descriptorOf(raw);
  }

  async *tags(): AsyncIterable<string> {
    // Tags are ASCII, so the order of strings is the order of bytes.
    yield* [...this.#tags.keys()].sort();
  }

  async referrers(subject: Digest, options: ReferrerOptions = {}): Promise<readonly Descriptor[]> {
    return referrersTo(subject, await referrersAmong(this, this.#manifests.keys()), options);
  }

  async deleteTag(tag: string): Promise<boolean> {
    return this.#tags.delete(tag);
  }

  async deleteManifest(digest: Digest): Promise<boolean> {
    for (const [tag, target] of this.#tags) if (target === digest) this.#tags.delete(tag);
    return this.#manifests.delete(digest);
  }

  #find(tagOrDigest: string): RawManifest {
    const digest = isDigest(tagOrDigest) ? tagOrDigest : this.#tags.get(tagOrDigest);
    const raw = digest === undefined ? undefined : this.#manifests.get(digest);
    if (!raw) throw manifestUnknown(tagOrDigest);
    return raw;
  }
}

class MemoryBlobs implements BlobStore {
  readonly #blobs = new Map<Digest, Uint8Array>();

  async stat(digest: Digest): Promise<BlobInfo | undefined> {
    const bytes = this.#blobs.get(digest);
    return bytes && { digest, size: bytes.byteLength };
  }

  /** What is kept was verified by `commit` and cannot change since. */
  async *read(
    digest: Digest,
    { range, signal }: CallOptions & { readonly range?: BlobRange } = {},
  ): AsyncIterable<Uint8Array> {
    const bytes = this.#blobs.get(digest);
    if (!bytes) throw blobUnknown(digest);
    signal?.throwIfAborted();
    const start = range?.offset ?? 0;
    const end = range?.length === undefined ? bytes.byteLength : start + range.length;
    const part = bytes.slice(start, end);
    if (part.byteLength > 0) yield part;
  }

  async ingest(expected: Partial<BlobInfo> = {}): Promise<Ingest> {
    const chunks: Uint8Array[] = [];
    const algorithm = expected.digest ? algorithmOf(expected.digest) : 'sha256';
    return {
      write: async (chunk) => void chunks.push(Uint8Array.from(chunk)),
      commit: async (wanted = {}) => {
        const bytes = Buffer.concat(chunks);
        const hasher = createHasher(wanted.digest ? algorithmOf(wanted.digest) : algorithm);
        hasher.update(bytes);
        const digest = hasher.digest();
        const what = { ...wanted, digest: wanted.digest ?? digest, from: 'the content received' };
        if (wanted.size !== undefined && wanted.size !== bytes.length) {
          throw sizeMismatch(what, bytes.length);
        }
        if (what.digest !== digest) throw digestMismatch(what, digest);
        this.#blobs.set(digest, bytes);
        return { digest, size: bytes.length };
      },
      [Symbol.asyncDispose]: async () => void chunks.splice(0),
    };
  }

  async delete(digest: Digest): Promise<boolean> {
    return this.#blobs.delete(digest);
  }
}
