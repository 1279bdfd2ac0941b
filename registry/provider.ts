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
  Repository,
} from '#core/repository.ts';

export interface ServedRepository extends Required<Omit<Repository, 'blobs'>> {
  readonly blobs: BlobStore & BlobMounter;

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
