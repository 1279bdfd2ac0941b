/**
 * THE client: a repository of a remote registry behind the Repository interface, over HTTP
 * (OCI distribution-spec 1.1, docker's token authentication). Reading verifies, writing repeats
 * what can be repeated, every call takes a signal.
 */
import pLimit from 'p-limit';
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { EventSink } from '#core/events.ts';
import type {
  BlobInfo,
  BlobMounter,
  BlobReceiver,
  BlobSource,
  BlobStore,
  CallOptions,
  Distrusting,
  Ingest,
  RawManifest,
  ReadOptions,
  ReceiveOptions,
  ReferrerLister,
  ReferrerOptions,
  Repository,
  TagEdit,
  TagEditor,
  TagSetter,
} from '#core/repository.ts';
import { readBlob, statBlob } from './blob-read.ts';
import { sendBlob } from './blob-send.ts';
import { BlobUpload } from './blob-upload.ts';
import { type Connection, connect } from './connection.ts';
import type { Credentials } from './credentials.ts';
import { editTag } from './edit-tag.ts';
import {
  deleteAt,
  deleteReference,
  type ListOptions,
  listTags,
  readManifest,
  resolveManifest,
  sendManifest,
  sendTags,
} from './manifests.ts';
import type { OriginLookup } from './network.ts';
import { listReferrers, type ReferrersBy } from './referrers.ts';
import { listByTag } from './referrers-tag.ts';
import type { RegistryPlan } from './registries/plan.ts';
import { DEFAULT_RETRY, type RetryPolicy } from './retry.ts';
import type { Trace } from './tracing.ts';
import { openTransport, type Transport } from './transport.ts';
import type { UploadMemory } from './upload-memory.ts';
import { cancelSession, mountOrStart, type SessionLocation } from './upload-session.ts';

export interface RemoteOptions {
  /** Which hosts are asked, and how: registries/resolve.ts makes it. */
  readonly plan: RegistryPlan;
  /** Certificates and proxies. Absent: what Node and the machine trust, and no proxy. */
  readonly origins?: OriginLookup;
  /** Absent: anonymous. */
  readonly credentials?: Credentials;
  /** Gets the registry's warnings and notes about retries. */
  readonly events?: EventSink;
  /** Gets a line per request. */
  readonly trace?: Trace;
  /** Stops every call, beside the signal of the call itself. */
  readonly signal?: AbortSignal;
  readonly retry?: Partial<RetryPolicy>;
  /** Mirrors are left out, and tokens are asked for that may push. */
  readonly forPush?: boolean;
  /** Where the list of what refers to a manifest is; absent: where the registry keeps it. */
  readonly referrersBy?: ReferrersBy;
  /** Uploads that an earlier process began; absent: none. */
  readonly uploads?: UploadMemory;
  /** Sent as User-Agent. */
  readonly userAgent?: string;
}

export type RemoteBlobs = Required<BlobStore> & BlobMounter & BlobReceiver & Distrusting;

/** Disposing closes its connections; calls in progress fail. */
export interface RemoteRepository
  extends Required<Repository>,
    TagSetter,
    TagEditor,
    ReferrerLister,
    AsyncDisposable {
  readonly blobs: RemoteBlobs;
  /** The tags as {@link Repository.tags}, sorted; fewer pages where fewer are wanted. @throws NAME_UNKNOWN */
  listTags(options?: ListOptions): Promise<readonly string[]>;
}

/** Opens no connection yet. @throws REGISTRY_BLOCKED */
export function openRemote(options: RemoteOptions): RemoteRepository {
  refuseBlocked(options.plan);
  const transport = openTransport({
    userAgent: options.userAgent ?? 'slipway',
    ...(options.origins ? { origins: options.origins } : {}),
  });
  const retry = { ...DEFAULT_RETRY, ...options.retry };
  const connection = connect({ ...options, retry }, transport.exchange);
  return new HttpRepository(connection, transport, options);
}

/** podman’s words. @throws REGISTRY_BLOCKED */
export function refuseBlocked({ registry, blocked }: RegistryPlan): void {
  if (!blocked.value) return;
  throw new SlipwayError(
    'REGISTRY_BLOCKED',
    `registry ${registry} is blocked in ${blocked.origin.replace(/: registr.*$/, '')}`,
    { hint: `${blocked.origin} says so: take it out there, or name the image elsewhere` },
  );
}

class HttpRepository implements RemoteRepository {
  readonly #blobs: HttpBlobs;
  readonly #connection: Connection;
  readonly #transport: Transport;
  readonly #referrersBy: ReferrersBy | undefined;
  /**
   * Manifests are written one after the other. docker-registry rewrites the files of a manifest that it
   * has in place: whoever names it meanwhile, in an index, is told that it is damaged or missing.
   */
  readonly #inTurn = pLimit(1);

  constructor(
    connection: Connection,
    transport: Transport,
    { uploads, referrersBy }: Pick<RemoteOptions, 'uploads' | 'referrersBy'>,
  ) {
    this.#connection = connection;
    this.#transport = transport;
    this.#referrersBy = referrersBy;
    this.#blobs = new HttpBlobs(connection, uploads);
  }

  get blobs(): RemoteBlobs {
    return this.#blobs;
  }

  resolve(tagOrDigest: string, options: CallOptions = {}): Promise<Descriptor> {
    return resolveManifest(this.#connection, tagOrDigest, options);
  }

  getManifest(tagOrDigest: string, options: CallOptions = {}): Promise<RawManifest> {
    return readManifest(this.#connection, tagOrDigest, options);
  }

  async putManifest(
    manifest: RawManifest,
    options: CallOptions & { readonly tag?: string } = {},
  ): Promise<Descriptor> {
    return await this.#inTurn(async () => {
      const { descriptor, isListed } = await sendManifest(this.#connection, manifest, options);
      const { signal } = options;
      if (!isListed || this.#referrersBy === 'tag') {
        await listByTag(this.#connection, manifest, signal ? { signal } : {});
      }
      return descriptor;
    });
  }

  referrers(subject: Digest, options: ReferrerOptions = {}): Promise<readonly Descriptor[]> {
    return listReferrers(this.#connection, subject, { ...options, by: this.#referrersBy });
  }

  setTags(
    manifest: RawManifest,
    tags: readonly string[],
    { signal }: CallOptions = {},
  ): Promise<void> {
    const options = { tags, ...(signal ? { signal } : {}) };
    return this.#inTurn(() => sendTags(this.#connection, manifest, options));
  }

  listTags(options: ListOptions = {}): Promise<readonly string[]> {
    return listTags(this.#connection, options);
  }

  editTag(tag: string, edit: TagEdit, options: CallOptions = {}): Promise<void> {
    return this.#inTurn(() => editTag(this.#connection, tag, edit, options));
  }

  async *tags(options: CallOptions = {}): AsyncGenerator<string> {
    try {
      yield* await this.listTags(options);
    } catch (error) {
      // A repository comes into being with its first push: until then it has no tags.
      if (!isSlipwayError(error, 'NAME_UNKNOWN')) throw error;
    }
  }

  deleteTag(tag: string, options: CallOptions = {}): Promise<boolean> {
    return deleteReference(this.#connection, tag, options);
  }

  deleteManifest(digest: Digest, options: CallOptions = {}): Promise<boolean> {
    return deleteReference(this.#connection, digest, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#blobs.cancelSessions();
    await this.#transport[Symbol.asyncDispose]();
  }
}

/** Sessions of refused mounts that nobody used; beyond that they are left to the registry. */
const OPEN_SESSIONS_MAX = 16;

class HttpBlobs implements RemoteBlobs {
  readonly #connection: Connection;
  readonly #uploads: UploadMemory | undefined;
  readonly #sessions = new Map<Digest, SessionLocation>();

  constructor(connection: Connection, uploads: UploadMemory | undefined) {
    this.#connection = connection;
    this.#uploads = uploads;
  }

  stat(digest: Digest, options: CallOptions = {}): Promise<BlobInfo | undefined> {
    return statBlob(this.#connection, digest, options);
  }

  read(digest: Digest, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    return readBlob(this.#connection, digest, options);
  }

  distrust(digest: Digest): boolean {
    return this.#connection.distrust(`blobs/${digest}`);
  }

  async ingest(expected: Partial<BlobInfo> = {}, options: CallOptions = {}): Promise<Ingest> {
    return new BlobUpload(this.#connection, {
      expected,
      session: this.#takeSession(expected.digest),
      signal: this.#connection.signal(options.signal),
    });
  }

  receive(blob: BlobInfo, source: BlobSource, options: ReceiveOptions = {}): Promise<void> {
    const session = this.#takeSession(blob.digest);
    const memory = this.#uploads ? { memory: this.#uploads } : {};
    return sendBlob(this.#connection, blob, source, { ...options, ...memory, session });
  }

  async mount(
    digest: Digest,
    options: CallOptions & { readonly from?: string } = {},
  ): Promise<boolean> {
    const { from, signal } = options;
    const outcome = await mountOrStart(this.#connection, digest, { from, signal });
    if (outcome === 'mounted') return true;
    if (this.#sessions.size < OPEN_SESSIONS_MAX) this.#sessions.set(digest, outcome);
    return false;
  }

  delete(digest: Digest, { signal }: CallOptions = {}): Promise<boolean> {
    return deleteAt(this.#connection, this.#connection.url(`blobs/${digest}`), { signal });
  }

  /** Those that refused mounts left and nobody used. */
  async cancelSessions(): Promise<void> {
    const left = [...this.#sessions.values()];
    this.#sessions.clear();
    await Promise.all(left.map((session) => cancelSession(this.#connection, session)));
  }

  /** The session that a refused mount left for a blob, for one user. */
  #takeSession(digest: Digest | undefined): SessionLocation | undefined {
    const session = digest && this.#sessions.get(digest);
    if (digest) this.#sessions.delete(digest);
    return session;
  }
}
