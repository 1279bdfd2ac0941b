/**
 * One repository of the store: manifests and tags as rows, bytes as blobs. Two spaces share the
 * code: 'images' is the local image store (every blob of the store is visible), 'registry' is what
 * the registry server serves (blobs are linked per repository).
 */
import type { Descriptor } from '#core/descriptor.ts';
import { type Digest, isDigest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { childrenOf, decodeManifest, descriptorOf, type Manifest } from '#core/manifest.ts';
import type {
  BlobMounter,
  BlobStore,
  CallOptions,
  RawManifest,
  ReferrerLister,
  ReferrerOptions,
  Repository,
} from '#core/repository.ts';
import { LinkedBlobs } from './linked-blobs.ts';
import type { LocalBlobs } from './local-blobs.ts';
import { checkManifest, isForeign, manifestUnknown, nameUnknown } from './manifest-rules.ts';
import { digestIn, type Metadata, numberOf, type Row, textOf } from './metadata.ts';
import type { StorePaths } from './paths.ts';
import { recordSubject, referrersOf } from './referrers.ts';
import { neededBy, recordRefs } from './refs.ts';
import { releaseLinks } from './registry-links.ts';

export type Space = 'images' | 'registry';

export class LocalRepository implements Repository, ReferrerLister {
  readonly blobs: BlobStore & BlobMounter;
  readonly #space: Space;
  readonly #name: string;
  readonly #bytes: LocalBlobs;
  readonly #links: LinkedBlobs | undefined;
  readonly #metadata: Metadata;
  readonly #paths: StorePaths;
  readonly #sparse: boolean;
  /** Has the disk take what it has not yet of these. */
  readonly #settle: (digests: ReadonlySet<Digest>) => Promise<void>;

  /** @internal use LocalStore.repository */
  constructor(options: {
    space: Space;
    name: string;
    blobs: LocalBlobs;
    metadata: Metadata;
    paths: StorePaths;
    sparse: boolean;
    settle: (digests: ReadonlySet<Digest>) => Promise<void>;
  }) {
    this.#space = options.space;
    this.#name = options.name;
    this.#bytes = options.blobs;
    this.#metadata = options.metadata;
    this.#paths = options.paths;
    this.#sparse = options.sparse;
    this.#settle = options.settle;
    this.#links =
      options.space === 'registry'
        ? new LinkedBlobs({ repository: options.name, ...options })
        : undefined;
    this.blobs = this.#links ?? this.#bytes;
  }

  async resolve(tagOrDigest: string): Promise<Descriptor> {
    return descriptorIn(this.#find(tagOrDigest));
  }

  async getManifest(tagOrDigest: string, options: CallOptions = {}): Promise<RawManifest> {
    const { mediaType, digest } = descriptorIn(this.#find(tagOrDigest));
    try {
      const chunks: Uint8Array[] = [];
      for await (const chunk of this.#bytes.read(digest, options)) chunks.push(chunk);
      return { mediaType, digest, bytes: Buffer.concat(chunks) };
    } catch (cause) {
      if (!isSlipwayError(cause, 'BLOB_UNKNOWN')) throw cause;
      throw new SlipwayError('STORE_BROKEN', `manifest ${digest} of ${this.#name} is lost`, {
        hint: 'pull or load the image again',
        cause,
        detail: { digest },
      });
    }
  }

  async putManifest(
    raw: RawManifest,
    options: CallOptions & { readonly tag?: string; readonly isImmutable?: boolean } = {},
  ): Promise<Descriptor> {
    const presence = {
      blob: (digest: Digest) => this.blobs.stat(digest, options),
      manifest: async (digest: Digest) => this.#row(digest) !== undefined,
    };
    const manifest = await checkManifest(raw, presence, {
      tag: options.tag,
      sparse: this.#sparse,
    });
    await this.#settle(new Set(childrenOf(manifest).map(({ digest }) => digest)));
    await this.#bytes.put(raw.digest, raw.bytes, options);
    // The same once more is not waited for: should the disk lose it, what was there before is the same.
    const durable = !this.#has(raw.digest, options.tag);
    const needed = neededBy(this.#paths, manifest);
    this.#metadata.transaction(() => this.#record(raw, { manifest, needed, ...options }), {
      durable,
    });
    return descriptorOf(raw);
  }

  async *tags(): AsyncIterable<string> {
    const rows = this.#metadata.all(
      'SELECT tag FROM tags WHERE space = ? AND repository = ? ORDER BY tag',
      this.#space,
      this.#name,
    );
    for (const row of rows) yield textOf(row, 'tag');
  }

  /** Tags after one, by bytes. */
  async tagsAfter(page: {
    readonly last?: string | undefined;
    readonly limit: number;
  }): Promise<readonly string[]> {
    const rows = this.#metadata.all(
      `SELECT tag FROM tags WHERE space = ? AND repository = ? AND tag > ?
       ORDER BY tag LIMIT ?`,
      this.#space,
      this.#name,
      page.last ?? '',
      page.limit,
    );
    return rows.map((row) => textOf(row, 'tag'));
  }

  /** Manifests whose subject is the digest; an index under the tag of old clients is a manifest like others. */
  async referrers(
    subject: Digest,
    { artifactType }: ReferrerOptions = {},
  ): Promise<readonly Descriptor[]> {
    const key = { space: this.#space, repository: this.#name };
    const all = referrersOf(this.#metadata, key, subject);
    return artifactType === undefined
      ? all
      : all.filter((one) => one.artifactType === artifactType);
  }

  /** True when it holds a manifest. */
  async exists(): Promise<boolean> {
    return this.#holdsAny();
  }

  async deleteTag(tag: string): Promise<boolean> {
    return this.#metadata.transaction(
      () =>
        this.#metadata.run(
          'DELETE FROM tags WHERE space = ? AND repository = ? AND tag = ?',
          this.#space,
          this.#name,
          tag,
        ) > 0,
      { durable: true },
    );
  }

  async deleteManifest(digest: Digest): Promise<boolean> {
    const row = this.#row(digest);
    if (!row) return false;
    const children = this.#links ? await this.#childrenIfReadable(digest) : [];
    return this.#metadata.transaction(
      () => {
        const removed = this.#metadata.run(
          'DELETE FROM manifests WHERE space = ? AND repository = ? AND digest = ?',
          this.#space,
          this.#name,
          digest,
        );
        if (this.#links) {
          const putAtMs = numberOf(row, 'put_at_ms');
          releaseLinks(this.#metadata, { repository: this.#name, digests: children, putAtMs });
        }
        return removed > 0;
      },
      { durable: true },
    );
  }

  /** The manifest is here, and under the tag. */
  #has(digest: Digest, tag: string | undefined): boolean {
    if (!this.#row(digest)) return false;
    if (tag === undefined) return true;
    const tagged = this.#tagged(tag);
    return tagged !== undefined && descriptorIn(tagged).digest === digest;
  }

  #record(
    raw: RawManifest,
    {
      manifest,
      needed,
      tag,
      isImmutable,
    }: {
      readonly manifest: Manifest;
      readonly needed: ReadonlySet<Digest>;
      readonly tag?: string;
      readonly isImmutable?: boolean;
    },
  ): void {
    if (tag !== undefined && isImmutable) this.#needUnmoved(tag, raw.digest);
    const now = Date.now();
    this.#metadata.run(
      `INSERT INTO manifests (space, repository, digest, media_type, size, put_at_ms)
       VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET media_type = excluded.media_type, put_at_ms = excluded.put_at_ms`,
      this.#space,
      this.#name,
      raw.digest,
      raw.mediaType,
      raw.bytes.byteLength,
      now,
    );
    const key = { space: this.#space, repository: this.#name, digest: raw.digest };
    recordSubject(this.#metadata, key, manifest);
    recordRefs(this.#metadata, key, needed);
    if (tag !== undefined) {
      this.#metadata.run(
        'INSERT OR REPLACE INTO tags VALUES (?, ?, ?, ?, ?)',
        this.#space,
        this.#name,
        tag,
        raw.digest,
        now,
      );
    }
    if (manifest.kind === 'image') {
      for (const child of childrenOf(manifest)) {
        if (isForeign(child)) continue;
        // A sparse manifest proves nothing: a link would show the bytes of another repository.
        if (this.#sparse) this.#links?.renew(child.digest, now);
        else this.#links?.link(child, now);
      }
    }
  }

  /** @throws TAG_IMMUTABLE when it points elsewhere */
  #needUnmoved(tag: string, digest: Digest): void {
    const row = this.#tagged(tag);
    if (!row || digestIn(row, 'digest') === digest) return;
    throw new SlipwayError(
      'TAG_IMMUTABLE',
      `tag ${tag} of ${this.#name} is immutable and points to ${digestIn(row, 'digest')}`,
      { hint: 'push it under another tag', detail: { tag } },
    );
  }

  #find(tagOrDigest: string): Row {
    const row = isDigest(tagOrDigest) ? this.#row(tagOrDigest) : this.#tagged(tagOrDigest);
    if (row) return row;
    if (!this.#holdsAny()) throw nameUnknown(this.#name);
    throw manifestUnknown(`${this.#name}${isDigest(tagOrDigest) ? '@' : ':'}${tagOrDigest}`);
  }

  #holdsAny(): boolean {
    const row = this.#metadata.get(
      'SELECT 1 FROM manifests WHERE space = ? AND repository = ? LIMIT 1',
      this.#space,
      this.#name,
    );
    return row !== undefined;
  }

  #row(digest: Digest): Row | undefined {
    return this.#metadata.get(
      'SELECT * FROM manifests WHERE space = ? AND repository = ? AND digest = ?',
      this.#space,
      this.#name,
      digest,
    );
  }

  #tagged(tag: string): Row | undefined {
    return this.#metadata.get(
      `SELECT manifests.* FROM tags JOIN manifests USING (space, repository, digest)
       WHERE space = ? AND repository = ? AND tag = ?`,
      this.#space,
      this.#name,
      tag,
    );
  }

  /** Nothing where the manifest's bytes are lost: deleting must still work then. */
  async #childrenIfReadable(digest: Digest): Promise<readonly Digest[]> {
    try {
      const children = childrenOf(decodeManifest(await this.getManifest(digest)));
      return children.map((child) => child.digest);
    } catch (error) {
      if (isSlipwayError(error)) return [];
      throw error;
    }
  }
}

function descriptorIn(row: Row): Descriptor {
  return {
    mediaType: textOf(row, 'media_type'),
    digest: digestIn(row, 'digest'),
    size: numberOf(row, 'size'),
  };
}
