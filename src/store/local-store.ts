/**
 * The content store: one folder (paths.ts) shared by build cache, local images and the registry, and
 * by any number of processes. This file only puts the parts together and hands them out.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Digest } from '#core/digest.ts';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import type { CheckOptions, CheckReport, DigestReport, DiskUsage } from '#core/store-report.ts';
import { ArrivingBlobs } from './arriving-blobs.ts';
import { BuildRecords } from './build-records.ts';
import { CacheRecords } from './cache-records.ts';
import { onDiskSync } from './disk-errors.ts';
import type { GcOptions, GcResult } from './gc.ts';
import { GuardedLayers } from './guarded-layers.ts';
import { digestsFrom, holdersOf } from './holders.ts';
import { ImageNames } from './images.ts';
import { LayerStore } from './layers.ts';
import { collectDeadLeases, createLease, type Lease, type LeaseOptions } from './leases.ts';
import { LocalBlobs } from './local-blobs.ts';
import { LocalRepository, type Space } from './local-repository.ts';
import { ManifestLists } from './manifest-lists.ts';
import { Metadata, textOf } from './metadata.ts';
import { MountCaches } from './mount-caches.ts';
import { type StorePaths, storePaths } from './paths.ts';
import { ProxiedContent } from './proxied-content.ts';
import { type PruneRequest, type PruneResult, prune } from './prune.ts';
import { cacheBytes } from './prune-cache.ts';
import { RegistryMemory } from './registry-memory.ts';
import { RegistryRecords } from './registry-records.ts';
import type { ScrubbedBlob, ScrubOptions, ScrubPosition } from './registry-scrub.ts';
import { type RegistryStats, registryStats } from './registry-stats.ts';
import { giveUpReserve, keepReserve } from './reserve.ts';
import { StepFactsStore } from './step-facts.ts';
import { sweep } from './sweep.ts';
import { collectDeadFiles } from './temporary-files.ts';
import { dropLost, settleUnsynced } from './unsynced.ts';
import { UploadSessions } from './uploads.ts';
import { storeUsage, type UsageQuestion } from './usage.ts';

export interface LocalStoreOptions {
  readonly root: string;
  /**
   * The database is left open to the end of the process. Closing it would move its log into the file and
   * wait for the disk twice, at the end of each command; so that happens now and then (metadata.ts).
   */
  readonly endsWithProcess?: boolean;
}

export interface RepositoryOptions {
  readonly space: Space;
  /** 'images': `docker.io/library/x` or NAMELESS; 'registry': the path in its URLs. */
  readonly name: string;
  /** Holds what is looked for or written until it has a name. */
  readonly lease: Lease;
  /** Take manifests whose blobs or manifests are not all there. Default: false. */
  readonly sparse?: boolean;
  /** Where its blobs go; default: {@link LocalStore.blobs} with the lease. */
  readonly blobs?: LocalBlobs;
}

export interface CatalogOptions {
  /** Only names after this one, by bytes. */
  readonly after?: string;
  readonly limit?: number;
}

export class LocalStore implements AsyncDisposable {
  readonly paths: StorePaths;
  readonly images: ImageNames;
  readonly layers: LayerStore;
  readonly records: CacheRecords;
  readonly stepFacts: StepFactsStore;
  readonly mountCaches: MountCaches;
  readonly builds: BuildRecords;
  readonly guarded: GuardedLayers;
  readonly uploads: UploadSessions;
  readonly registries: RegistryMemory;
  readonly manifestLists: ManifestLists;
  /** What the registry holds, with times. */
  readonly served: RegistryRecords;
  readonly proxied: ProxiedContent;
  readonly #metadata: Metadata;
  readonly #endsWithProcess: boolean;

  private constructor({ root, endsWithProcess = false }: LocalStoreOptions) {
    this.#endsWithProcess = endsWithProcess;
    this.paths = storePaths(root);
    this.#metadata = new Metadata(
      this.paths.database,
      (metadata) => {
        collectDeadLeases(metadata);
        dropLost(this.paths, metadata);
      },
      () => giveUpReserve(this.paths),
    );
    this.images = new ImageNames(this.#metadata);
    this.layers = new LayerStore(this.paths, this.#metadata);
    this.records = new CacheRecords(this.#metadata, this.paths);
    this.stepFacts = new StepFactsStore(this.#metadata);
    this.mountCaches = new MountCaches(this.paths, this.#metadata);
    this.builds = new BuildRecords(this.paths, this.#metadata);
    this.guarded = new GuardedLayers(this.#metadata);
    this.uploads = new UploadSessions(this.paths, this.#metadata);
    this.registries = new RegistryMemory(this.#metadata);
    this.manifestLists = new ManifestLists(this.#metadata);
    this.served = new RegistryRecords(this.#metadata);
    this.proxied = new ProxiedContent(this.#metadata);
  }

  /**
   * Makes the folders where they are missing and removes what dead processes left behind. The
   * database is opened by the first question to it.
   * @throws PERMISSION, DISK_FULL, FILE_UNUSABLE; later, from any call: STORE_VERSION, STORE_BUSY, STORE_BROKEN
   */
  static async open(options: LocalStoreOptions): Promise<LocalStore> {
    const store = new LocalStore(options);
    makeFolders(store.paths);
    await collectDeadFiles(store.paths);
    keepReserve(store.paths);
    return store;
  }

  /** Opens the database and begins a write. @throws STORE_BROKEN, STORE_VERSION, PERMISSION, DISK_FULL */
  needWritable(): void {
    this.#metadata.transaction(() => {});
  }

  /** A hold on content; nothing is written until it holds something. */
  async lease(options: LeaseOptions): Promise<Lease> {
    return createLease(this.#metadata, options);
  }

  /** Every blob of the store; what is looked for or written is held by the lease. */
  blobs(lease: Lease): LocalBlobs {
    return new LocalBlobs(this.paths, lease);
  }

  /** The same for who fetches from a registry (arriving-blobs.ts). */
  arrivingBlobs(lease: Lease): ArrivingBlobs {
    const { paths, layers } = this;
    return new ArrivingBlobs({ paths, layers, lease, metadata: this.#metadata });
  }

  /** Has the disk take what earlier pulls left to it (unsynced.ts). */
  async settle(): Promise<void> {
    await settleUnsynced(this.paths, this.#metadata);
  }

  /** A repository of either space; it need not exist yet, and exists with its first manifest. */
  repository(options: RepositoryOptions): LocalRepository {
    return new LocalRepository({
      space: options.space,
      name: options.name,
      blobs: options.blobs ?? this.blobs(options.lease),
      metadata: this.#metadata,
      paths: this.paths,
      sparse: options.sparse ?? false,
      settle: (digests) => settleUnsynced(this.paths, this.#metadata, digests),
    });
  }

  /** Names of repositories with at least one manifest, sorted by bytes. */
  catalog(space: Space, options: CatalogOptions = {}): readonly string[] {
    // From name to name: DISTINCT would read every manifest of the repositories on the page.
    const rows = this.#metadata.all(
      `WITH RECURSIVE page (repository) AS (
         SELECT min(repository) FROM manifests WHERE space = ?1 AND repository > ?2
         UNION ALL
         SELECT (SELECT min(repository) FROM manifests
                 WHERE space = ?1 AND repository > page.repository)
         FROM page WHERE page.repository IS NOT NULL
       )
       SELECT repository FROM page WHERE repository IS NOT NULL LIMIT ?3`,
      space,
      options.after ?? '',
      options.limit ?? -1,
    );
    return rows.map((row) => textOf(row, 'repository'));
  }

  /** Repositories of the registry that show a blob. */
  repositoriesWith(digest: Digest): readonly string[] {
    const rows = this.#metadata.all('SELECT repository FROM links WHERE digest = ?', digest);
    return rows.map((row) => textOf(row, 'repository'));
  }

  /** Removes what nothing needs (sweep.ts). Safe while other processes work on the same store. */
  async gc(options: GcOptions = {}): Promise<GcResult> {
    await this.#collectDead();
    return await sweep(this.paths, this.#metadata, options);
  }

  /** Removes images and cache with all that only they kept (prune.ts). As safe as gc. */
  async prune(request: PruneRequest): Promise<PruneResult> {
    await this.#collectDead();
    return await prune(this.paths, this.#metadata, request);
  }

  /** Bytes of the build cache, as `builder du` counts them. */
  cacheBytes(): number {
    return this.#metadata.transaction(() => cacheBytes(this.paths, this.#metadata));
  }

  /** Where the bytes are (usage.ts). */
  async usage(question: Omit<UsageQuestion, 'images'>): Promise<DiskUsage> {
    await this.#collectDead();
    const images = this.images.list();
    return storeUsage(this.paths, this.#metadata, { ...question, images });
  }

  /** Who keeps a digest (holders.ts). @throws BLOB_UNKNOWN */
  async holders(digest: Digest): Promise<DigestReport> {
    await this.#collectDead();
    return holdersOf(this.paths, this.#metadata, digest);
  }

  /** Digests of which something is here and that begin with the hex digits. */
  digestsFrom(begin: string): readonly Digest[] {
    return digestsFrom(this.paths, this.#metadata, begin);
  }

  /** Looks for damage, and mends it when asked to (fsck.ts). Safe beside other processes. */
  async check(options: CheckOptions = {}): Promise<CheckReport> {
    await this.#collectDead();
    const { paths, layers } = this;
    const { checkStore } = await import('./fsck.ts');
    return await checkStore({ paths, layers, metadata: this.#metadata }, options);
  }

  /** Reads and hashes what the registry serves (registry-scrub.ts), after a digest or all of it. */
  async *scrub(
    options: ScrubOptions & { readonly after?: string } = {},
  ): AsyncGenerator<ScrubbedBlob> {
    const { scrubBlobs } = await import('./registry-scrub.ts');
    yield* scrubBlobs(this.paths, this.#metadata, options);
  }

  /** How far the scrub in the background has come. */
  async scrubPosition(): Promise<ScrubPosition> {
    const { scrubPosition } = await import('./registry-scrub.ts');
    return scrubPosition(this.#metadata);
  }

  async noteScrub(position: ScrubPosition): Promise<void> {
    const { noteScrub } = await import('./registry-scrub.ts');
    noteScrub(this.#metadata, position);
  }

  /** Figures about what the registry holds. */
  registryStats(top: number): RegistryStats {
    return registryStats(this.#metadata, top);
  }

  /** What dead processes held or left lying. */
  async #collectDead(): Promise<void> {
    await this.settle();
    collectDeadLeases(this.#metadata);
    await collectDeadFiles(this.paths);
  }

  /** Closes the database. Leases and ingests must have been disposed before. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#endsWithProcess) this.#metadata[Symbol.dispose]();
  }
}

/**
 * A new root is its owner's alone: layers hold other people's files and set-user-ID programs, which
 * nobody may reach except through a container. A root that is there keeps its mode.
 */
function makeFolders(paths: StorePaths): void {
  makeFolder(dirname(paths.root), paths.root);
  makeFolder(paths.root, paths.root, 0o700);
  const folders = [
    `${paths.blobs}/sha256`,
    `${paths.indexes}/sha256`,
    `${paths.merged}/sha256`,
    `${paths.folders}/sha256`,
    paths.ingest,
    paths.snapshots,
    paths.uploads,
    paths.partials,
    paths.trash,
  ];
  for (const folder of folders) makeFolder(folder, paths.root);
}

function makeFolder(folder: string, root: string, mode?: number): void {
  try {
    onDiskSync(folder, () =>
      mkdirSync(folder, { recursive: true, ...(mode === undefined ? {} : { mode }) }),
    );
  } catch (cause) {
    if (!['ENOTDIR', 'EEXIST'].includes(errnoOf(cause) ?? '')) throw cause;
    throw new SlipwayError(
      'FILE_UNUSABLE',
      `${root} cannot be a store: there is a file in its way`,
      {
        hint: 'choose another store with --root or SLIPWAY_ROOT',
        cause,
        detail: { path: folder },
      },
    );
  }
}
