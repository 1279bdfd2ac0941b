/**
 * THE interfaces. A remote registry, the local store, an OCI layout, a docker-archive, memory and
 * our own registry server all answer the same questions, so pull, push, save, load and copy are one
 * function, `copyImage`. test/contract/repository.ts runs on every implementation.
 *
 * Conventions for all implementations:
 * - reading verifies: a stream of a whole blob fails with DIGEST_MISMATCH or SIZE_MISMATCH after its
 *   last byte rather than end well; ranges are not verified (the caller asked for a part);
 * - writing the same content twice is success;
 * - an error means "not known to be stored by this call", never "certainly not stored".
 */
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface BlobInfo {
  readonly digest: Digest;
  readonly size: number;
}

export interface BlobRange {
  /** First byte wanted, from 0. */
  readonly offset: number;
  /** Bytes wanted; absent = to the end. */
  readonly length?: number;
}

export interface ReadOptions extends CallOptions {
  /** Absent: the whole blob, verified. */
  readonly range?: BlobRange;
  /** Nothing at all rather than the whole of a blob that cannot be had in parts. */
  readonly exact?: boolean;
  /** Of the whole blob, where the caller knows it. */
  readonly size?: number;
}

export interface BlobStore {
  /** Size of a blob, or undefined when it is not here. */
  stat(digest: Digest, options?: CallOptions): Promise<BlobInfo | undefined>;

  /** The bytes, verified when whole. @throws BLOB_UNKNOWN (before the first chunk) */
  read(digest: Digest, options?: ReadOptions): AsyncIterable<Uint8Array>;

  /**
   * Begins to write a blob. `expected` lets a store refuse early and short-cut; what counts is what
   * `commit` is given.
   */
  ingest(expected?: Partial<BlobInfo>, options?: CallOptions): Promise<Ingest>;

  /** Removes a blob; false when it was not here. Stores that cannot delete leave it out. */
  delete?(digest: Digest, options?: CallOptions): Promise<boolean>;
}

/**
 * A write in progress. Nothing is visible before `commit`; disposing without commit removes every
 * trace (idempotent, never throws for a commit that succeeded).
 */
export interface Ingest extends AsyncDisposable {
  /** Appends. The store may keep a reference until the promise settles, not longer. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Makes it durable and visible under its digest (sha256 unless `expected.digest` says otherwise).
   * @throws DIGEST_MISMATCH, SIZE_MISMATCH: nothing was stored
   */
  commit(expected?: Partial<BlobInfo>): Promise<BlobInfo>;
}

/** Exact bytes beside the media type; never re-encoded to get a digest. */
export interface RawManifest {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** Images under one repository name: manifests by digest, tags that point to them, and blobs. */
export interface Repository {
  readonly blobs: BlobStore;

  /** What a tag or digest points to. @throws MANIFEST_UNKNOWN, NAME_UNKNOWN */
  resolve(tagOrDigest: string, options?: CallOptions): Promise<Descriptor>;

  /** The manifest's exact bytes, verified. @throws MANIFEST_UNKNOWN, NAME_UNKNOWN */
  getManifest(tagOrDigest: string, options?: CallOptions): Promise<RawManifest>;

  /**
   * Stores a manifest and then, atomically, points `tag` at it. Its config, layers and children
   * must be there already (subject need not). @throws BLOB_UNKNOWN, MANIFEST_UNKNOWN,
   * MANIFEST_INVALID, DIGEST_MISMATCH
   */
  putManifest(
    manifest: RawManifest,
    options?: CallOptions & { readonly tag?: string },
  ): Promise<Descriptor>;

  /** All tags, sorted by bytes. */
  tags(options?: CallOptions): AsyncIterable<string>;

  /** Removes the name only; false when there was none. */
  deleteTag?(tag: string, options?: CallOptions): Promise<boolean>;

  /** Removes the manifest and every tag that points to it; false when there was none. */
  deleteManifest?(digest: Digest, options?: CallOptions): Promise<boolean>;
}

/** A place that can point several tags at a manifest at once. */
export interface TagSetter {
  /** The manifest is there already. */
  setTags(manifest: RawManifest, tags: readonly string[], options?: CallOptions): Promise<void>;
}

/** Asks for the optional ability at the call site. */
export function canSetTags(repository: Repository): repository is Repository & TagSetter {
  return 'setTags' in repository;
}

/**
 * What a tag shall point at instead of `before`: undefined, and it stays. Asked again after each write,
 * until it finds that nothing is left to change.
 */
export type TagEdit = (before: RawManifest | undefined) => Promise<RawManifest | undefined>;

/** A place where two who change one tag at the same moment do not undo each other's work. */
export interface TagEditor {
  /** What a manifest needs must be there when `edit` gives it. */
  editTag(tag: string, edit: TagEdit, options?: CallOptions): Promise<void>;
}

/** Asks for the optional ability at the call site. */
export function canEditTags(repository: Repository): repository is Repository & TagEditor {
  return 'editTag' in repository;
}

export interface ReferrerOptions extends CallOptions {
  /** Only those of this type. */
  readonly artifactType?: string;
}

/** A place that knows which manifests name another one as their `subject`. */
export interface ReferrerLister {
  /**
   * Each once, with its artifactType and annotations, sorted by digest. The subject need not be there.
   * A registry without the referrers API is asked for the index that clients keep under a tag.
   */
  referrers(subject: Digest, options?: ReferrerOptions): Promise<readonly Descriptor[]>;
}

/** A place that can take a blob it already knows from elsewhere, without its bytes. */
export interface BlobMounter {
  /** True when the blob is now here; false: send it. `from` is a repository name on the same host. */
  mount(digest: Digest, options?: CallOptions & { readonly from?: string }): Promise<boolean>;
}

/** Asks for the optional ability at the call site. */
export function canMount(blobs: BlobStore): blobs is BlobStore & BlobMounter {
  return 'mount' in blobs;
}

/**
 * {@link BlobStore.read} of one blob; may be asked several times, also side by side. Chunks are the
 * receiver's to keep.
 */
export type BlobSource = (options: ReadOptions) => AsyncIterable<Uint8Array>;

/** What is known of a blob before it comes. */
export interface AnnouncedBlob extends BlobInfo {
  /** Absent: unknown. */
  readonly mediaType?: string;
}

export interface ReceiveOptions extends CallOptions {
  /** Hears the bytes that the receiver has so far now and then. */
  readonly onProgress?: (bytes: number) => void;
  /** Hears that what came is damaged. True: the source has more than one place and reads from another. */
  readonly onDamage?: () => boolean;
}

/** A place that can go on with a broken transfer, given a source that can be opened again. */
export interface BlobReceiver {
  /** Stores the blob. @throws DIGEST_MISMATCH, and what the source throws */
  receive(blob: AnnouncedBlob, source: BlobSource, options?: ReceiveOptions): Promise<void>;
}

/** Asks for the optional ability at the call site. */
export function canReceive(blobs: BlobStore): blobs is BlobStore & BlobReceiver {
  return 'receive' in blobs;
}

/** A place that reads from several others: a registry with mirrors. */
export interface Distrusting {
  /** What it gave for a blob is damaged. True: it will read that from somewhere else now. */
  distrust(digest: Digest): boolean;
}

/** Asks for the optional ability at the call site. */
export function canDistrust(blobs: BlobStore): blobs is BlobStore & Distrusting {
  return 'distrust' in blobs;
}

/** A place that gives bytes as they are, for who checks them himself: one hash instead of two. */
export interface RawReader {
  /**
   * The whole blob, unverified. A chunk is good until the next one is asked for.
   * @throws BLOB_UNKNOWN (before the first chunk)
   */
  readRaw(digest: Digest, options?: CallOptions): AsyncIterable<Uint8Array>;
}

/** Asks for the optional ability at the call site. */
export function canReadRaw(blobs: BlobStore): blobs is BlobStore & RawReader {
  return 'readRaw' in blobs;
}

/** Bytes that lie in a file of this machine. */
export interface FilePart {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** A place whose blobs lie in files as they are: a large one is quicker copied from there. */
export interface FileBacked {
  /** The parts of the blob in order; undefined where it is not there, or lies there in another form. */
  partsOf(digest: Digest): Promise<readonly FilePart[] | undefined>;
}

/** Asks for the optional ability at the call site. */
export function hasParts(blobs: BlobStore): blobs is BlobStore & FileBacked {
  return 'partsOf' in blobs;
}

/** A place that copies large blobs from files by itself. */
export interface FileReceiver {
  /**
   * Stores the blob, verified. `onProgress` hears the bytes so far now and then.
   * @throws DIGEST_MISMATCH, SIZE_MISMATCH
   */
  receiveParts(
    blob: BlobInfo,
    parts: readonly FilePart[],
    options?: CallOptions & { readonly onProgress?: (bytes: number) => void },
  ): Promise<void>;
}

/** Asks for the optional ability at the call site. */
export function canReceiveParts(blobs: BlobStore): blobs is BlobStore & FileReceiver {
  return 'receiveParts' in blobs;
}
