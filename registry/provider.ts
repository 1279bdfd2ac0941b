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
  readonly blobs: Required<BlobStore> & BlobMounter;

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
  /** True when the repository holds a manifest. */
  exists(name: string): Promise<boolean>;
  /** Names of the repositories that hold a manifest. */
  catalog(page: Page): Promise<readonly string[]>;
  readonly uploads: UploadSessions;
}

/** Uploads in progress; they survive the server. */
export interface UploadSessions {
  start(options: {
    readonly repository: string;
    readonly algorithm: DigestAlgorithm;
  }): Promise<UploadSession>;

  /** Takes a session up again. @throws UPLOAD_UNKNOWN, also for a session of another repository */
  open(options: { readonly repository: string; readonly id: string }): Promise<UploadSession>;
}

/** Disposing keeps what was appended, for the next `open`. One user at a time. */
export interface UploadSession extends AsyncDisposable {
  /** Safe in a URL; hard to guess. */
  readonly id: string;
  /** Bytes received so far. */
  readonly sizeBytes: number;
  append(chunk: Uint8Array): Promise<void>;
  /** Makes it a blob of the repository and ends the session. @throws DIGEST_MISMATCH */
  commit(digest: Digest): Promise<BlobInfo>;
  /** Ends the session and forgets its bytes. */
  cancel(): Promise<void>;
}
