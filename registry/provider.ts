/**
 * What the server needs behind it, and nothing about HTTP. The store-backed provider is
 * store-provider.ts; tests have one in memory. Repositories need no creation: writing to a name
 * makes it.
 */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest, DigestAlgorithm } from '#core/digest.ts';
import type {
  BlobInfo,
  BlobMounter,
  BlobStore,
  CallOptions,
  RawManifest,
  Repository,
} from '#core/repository.ts';
import type { HeldManifest, HeldTag, NotedPull } from '#store/registry-records.ts';
import type { DamagedBlob } from '#store/registry-scrub.ts';

export type { DamagedBlob, HeldManifest, HeldTag, NotedPull };

export interface ServedRepository extends Required<Omit<Repository, 'blobs'>> {
  readonly blobs: BlobStore & BlobMounter;

  /**
   * As {@link Repository.putManifest}. `isImmutable`: the tag may be new, but not point elsewhere; looked at
   * in the step that would change it. @throws TAG_IMMUTABLE
   */
  putManifest(
    manifest: RawManifest,
    options?: CallOptions & { readonly tag?: string; readonly isImmutable?: boolean },
  ): Promise<Descriptor>;

  /** True when it holds a manifest. */
  exists(): Promise<boolean>;

  /** A page of its tags, by bytes; the time for it is the page's, not the repository's. */
  tagsAfter(page: Page): Promise<readonly string[]>;

  /** Manifests of this repository whose `subject` is the digest, with artifactType and annotations. */
  referrers(subject: Digest, options?: CallOptions): Promise<readonly Descriptor[]>;
}

/** A window into a list sorted by bytes. */
export interface Page {
  /** Names after this one; absent: from the beginning. It need not exist. */
  readonly last?: string | undefined;
  readonly limit: number;
}

export interface RegistryProvider {
  /** Never throws: asking an unknown repository answers NAME_UNKNOWN. */
  repository(name: string): ServedRepository;
  /** Names of the repositories that hold a manifest; the time for it is the page's. */
  catalog(page: Page): Promise<readonly string[]>;
  /** Names of the repositories that show a blob. */
  repositoriesWith(digest: Digest): Promise<readonly string[]>;
  readonly uploads: UploadSource;
  /** Absent: what it holds is looked after elsewhere, or never changes. */
  readonly care?: RegistryCare;
}

/**
 * What a provider gives to those who look after it: gc, retention, quotas, scrub, figures. One that can
 * list what it holds with times, and delete, can give it. It promises:
 *
 * - A blob that a request was told of (a push, a mount, a `stat`) is there for the grace period, and after
 *   that as long as a manifest of a repository needs it. So gc may run beside pushes at any time.
 * - Nothing here holds up requests for longer than moments: lists come in pages, gc works in slices.
 * - What is stopped midway, by its signal or by a kill, leaves nothing to repair; two at once do no harm.
 * - Bytes are counted in the same step as what is pushed and deleted: `usage` is cheap and right.
 */
export interface RegistryCare {
  /** Removes blobs that nothing needs, and abandoned uploads. */
  collect(options: CollectOptions): Promise<Collected>;
  /** Bytes of the blobs that a repository shows; without a name of all, each once. */
  usage(repository?: string): Promise<number>;
  /** The same after what was deleted and only waits for gc was taken out. */
  usageNow(repository?: string): Promise<number>;
  /** Tags by bytes. */
  tags(repository: string, page: Page): Promise<readonly HeldTag[]>;
  /** Manifests that no tag and no index of the repository leads to. `next`: where the next page begins. */
  loose(
    repository: string,
    page: Page,
  ): Promise<{ readonly manifests: readonly HeldManifest[]; readonly next?: string }>;
  /** Tags that point to a manifest. */
  tagsOf(repository: string, digest: Digest): Promise<readonly string[]>;
  /** The tag, and with its last one the manifest and what belongs to it. False: pushed again meanwhile. */
  removeTag(repository: string, tag: HeldTag): Promise<boolean>;
  removeLoose(repository: string, manifest: HeldManifest): Promise<boolean>;
  /** For `pulledAtMs`. */
  notePulls(pulls: readonly NotedPull[]): Promise<void>;
  /** Goes on where the last scrub stopped, to the end; damaged blobs are set aside and told. */
  scrub(options: ScrubPass): Promise<void>;
}

export interface CollectOptions {
  readonly graceMs: number;
  readonly uploadTtlMs: number;
  readonly signal?: AbortSignal;
}

export interface Collected {
  readonly blobs: number;
  readonly uploads: number;
  readonly bytes: number;
}

export interface ScrubPass {
  readonly bytesPerSecond: number;
  /** A pass that was ended is begun anew so long after its beginning. */
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  readonly onDamage: (damage: DamagedBlob) => void;
}

/** Uploads in progress; they survive the server. */
export interface UploadSource {
  /** `algorithm`: of the digest it will be committed with. */
  create(options: {
    readonly repository: string;
    readonly algorithm: DigestAlgorithm;
  }): Promise<UploadSession>;

  /** Takes a session up again. @throws UPLOAD_UNKNOWN, also for a session of another repository */
  open(options: { readonly repository: string; readonly id: string }): Promise<UploadSession>;
}

/** One session; holds nothing open between calls. */
export interface UploadSession {
  /** Safe in a URL; hard to guess. */
  readonly id: string;
  /** Bytes received so far. */
  offset(): Promise<number>;
  /**
   * Appends what `source` yields and gives the new offset; when the source fails, what arrived stays.
   * @throws UPLOAD_RANGE when the session does not stand at `at`, or another request is writing
   */
  append(
    source: AsyncIterable<Uint8Array>,
    options: { readonly at?: number; readonly signal?: AbortSignal },
  ): Promise<number>;
  /** Makes it a blob of the repository and ends the session. @throws DIGEST_MISMATCH: it stays */
  commit(digest: Digest): Promise<BlobInfo>;
  /** Ends the session and forgets its bytes; false when it had ended before. */
  cancel(): Promise<boolean>;
}
