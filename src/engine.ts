/**
 * The composition root and the library's face: Settings in, one Engine out. Commands and library
 * users talk to this interface only; what it stands on is loaded when first used.
 */
import type { ArchivePlanSummary } from '#core/archive-summary.ts';
import type { AttestRequest } from '#core/attestation.ts';
import type { BuildAnnotation } from '#core/build-annotation.ts';
import type { CacheSource, CacheTarget } from '#core/build-cache.ts';
import type { BuildOutput } from '#core/build-output.ts';
import type { BuildDetails, BuildSummary } from '#core/build-record.ts';
import type { BuildAgents, BuildSecrets } from '#core/build-secret.ts';
import type { ContainerLimits } from '#core/container-limits.ts';
import type { ContainerNetwork } from '#core/container-network.ts';
import type { ContainerSecurity } from '#core/container-security.ts';
import type { CredentialSettings } from '#core/credential-settings.ts';
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import type { DoctorReport } from '#core/doctor.ts';
import type { Entitlement } from '#core/entitlement.ts';
import type { SlipwayError } from '#core/errors.ts';
import type { Event, EventSink } from '#core/events.ts';
import type { ImageAnalysis, ImageDiff, ImageFile } from '#core/image-files.ts';
import type {
  BrokenImage,
  ImageDetails,
  ImageSummary,
  ImageTree,
  LoadedImage,
  RemovalPlan,
  RemovedName,
} from '#core/local-image.ts';
import type { Platform } from '#core/platform.ts';
import type { Reference } from '#core/reference.ts';
import type { RegistryKeeping } from '#core/registry-keeping.ts';
import type { LoginResult, RegistryLogin } from '#core/registry-login.ts';
import type { RegistryExplanation, RegistryReport } from '#core/registry-report.ts';
import type { RegistrySettings } from '#core/registry-settings.ts';
import type { RunSurroundings } from '#core/run-surroundings.ts';
import type { RegistryHandle, ServeOptions } from '#core/served-registry.ts';
import type {
  CheckOptions,
  CheckReport,
  DigestReport,
  DiskUsage,
  GarbageReport,
  PruneReport,
  PruneSelection,
} from '#core/store-report.ts';
import type { UserNamespace } from '#core/user-namespace.ts';
import type { CopyTools } from './engine/copy-tools.ts';
import type { ReferrerTools } from './engine/referrer-tools.ts';
import type { RegistryTools } from './engine/registry-tools.ts';

export type { RegistryHandle, ServeOptions };

/** Everything the environment decides, resolved once (cli/settings.ts is the only reader of it). */
export interface Settings {
  /** The store's folder. */
  readonly root: string;
  /** The native helper's path. */
  readonly helper: string;
  /** How RUN gets its root: probed unless said. */
  readonly snapshotter: 'auto' | 'erofs' | 'folders' | 'copy';
  /** How much RUN and containers are kept apart: the best that works, or one kind and no other. */
  readonly isolation?: Isolation;
  /** Another OCI runtime than our launcher: a path, or a name that is looked for in `searchPath`. */
  readonly runtime?: { readonly name: string; readonly searchPath: string };
  /** How it went when this process was put into a user namespace; absent: nobody tried. */
  readonly userNamespace?: UserNamespace;
  /** docker's config.json: for credentials, and where login keeps them; absent: anonymous. */
  readonly credentialsFile?: string;
  /** Asked for credentials besides it. */
  readonly credentials?: CredentialSettings;
  /** How registries are reached; absent: no configuration file is read. */
  readonly registries?: RegistrySettings;
  /** Gets a line per request to a registry, without its end; never a secret. */
  readonly trace?: (line: string) => void;
  /** Blobs moved at once. */
  readonly parallelTransfers: number;
  /** What the build cache may take; builds keep to it while they run. Absent: what there is room for. */
  readonly cacheMaxBytes?: number;
  /** How often a request to a registry is sent again, and the pause; absent: a few times, more and more slowly. */
  readonly retry?: { readonly count: number; readonly delayMs?: number };
  /** The process ends right after the engine: the system closes what is open, and quicker. */
  readonly endsWithProcess?: boolean;
}

/** `userns`: a user namespace, also for root. */
export type Isolation = 'auto' | 'namespaces' | 'userns' | 'chroot';

export interface CallContext {
  readonly events?: EventSink;
  readonly signal?: AbortSignal;
}

export interface BuildOptions extends CallContext, RunSurroundings {
  /** A folder, a git repository, an archive's URL, or `-`: a tar or a Dockerfile from `stdin`. */
  readonly context: string;
  /** Default: `Dockerfile` in the context; `-`: from `stdin`. Inside a context that is no folder. */
  readonly dockerfile?: string;
  /** For what is called `-`. */
  readonly stdin?: NodeJS.ReadableStream;
  /** `NAME=VALUE`: a folder, `docker-image://`, `oci-layout://`, `bundle://` or a URL. */
  readonly buildContexts?: readonly string[];
  /** Heeded in place of the context's .dockerignore. */
  readonly ignoreFile?: string;
  readonly tags: readonly string[];
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly noCache?: boolean;
  /** A RUN that was done longer ago than this, in milliseconds, is done again. */
  readonly cacheTtlMs?: number;
  /** Stages whose steps all run again. */
  readonly noCacheStages?: readonly string[];
  /**
   * Where bases come from: `local` (the default) asks the registry for what is not here, `newest` always,
   * `offline` never; then nothing else is fetched either.
   */
  readonly bases?: 'local' | 'newest' | 'offline';
  /**
   * `write`: leaves `<Dockerfile>.lock` beside the Dockerfile; `frozen`: takes nothing from elsewhere that
   * is not in it. Absent: a lock that is there is kept to.
   */
  readonly lock?: 'write' | 'frozen';
  /** Build twice without the cache, and fail where a step gives something else; notes tell what. */
  readonly verify?: boolean;
  /** Clamps every time that ends up in the image; seconds. `context`: that of a commit or a download. */
  readonly sourceDateEpoch?: number | 'context';
  /** What RUN --mount=type=secret may ask for. Never part of what is built. */
  readonly secrets?: BuildSecrets;
  /** What RUN --mount=type=ssh may ask for. */
  readonly agents?: BuildAgents;
  /** Tell why each step that was run was not in the cache, as notes at the end. */
  readonly explain?: boolean;
  /** How many steps may work at the same time; default 16, or the number of processors. */
  readonly jobs?: number;
  /** What steps may ask for beyond what every step has. */
  readonly allow?: readonly Entitlement[];
  /** Caches to look steps up in, after the local store; the first that has one wins. */
  readonly cacheFrom?: readonly CacheSource[];
  /** Where the records and layers of this build's steps go as well. */
  readonly cacheTo?: readonly CacheTarget[];
  /** Where the result goes, in this order; default: the local store alone. */
  readonly outputs?: readonly BuildOutput[];
  /** Statements about the image, stored beside it; default none. */
  readonly attest?: AttestRequest;
  /** Files have exactly the time of `sourceDateEpoch`. */
  readonly exactTimes?: boolean;
  /** The layers that the build adds to its base become one. */
  readonly squash?: boolean;
  /** Variables that the image has not, though base or Dockerfile set them. */
  readonly unsetEnv?: readonly string[];
  readonly unsetLabels?: readonly string[];
  /** The image does not say how it was made. */
  readonly omitHistory?: boolean;
  /** For the image's config, over those of the Dockerfile. */
  readonly labels?: Readonly<Record<string, string>>;
  /** For the image's manifests, their index, and what the index says of them. */
  readonly annotations?: readonly BuildAnnotation[];
  /** What to build for; several give an index. Default: the machine's own. */
  readonly platforms?: readonly Platform[];
  /** An index also where there is one platform. */
  readonly isIndex?: boolean;
  /** The root of a RUN that fails becomes an image without a name, which goes with the build's record. */
  readonly keepFailed?: boolean;
  /**
   * Called when the command of a RUN failed, before the build does. `shell` opens a shell in its root on
   * this process's terminal, and resolves when that has ended.
   */
  readonly onFailure?: (failure: SlipwayError, shell: () => Promise<void>) => Promise<void>;
  /** Called when the build is on record, before its first event. */
  readonly onRecord?: (record: Pick<BuildSummary, 'ref' | 'logFile'>) => void;
}

export interface BuildResult {
  /** Of its record. */
  readonly ref: string;
  /** The image ID: digest of the config; where the result is an index, its own digest. */
  readonly imageId: Digest;
  /** As the last output has it: where layers were compressed, not as the local store has it. */
  readonly manifest: Descriptor;
  /** Normalised names now pointing at it. */
  readonly names: readonly Reference[];
  /** Steps run and steps taken from the cache. */
  readonly steps: { readonly run: number; readonly cached: number };
}

export interface PullResult {
  readonly reference: Reference;
  readonly manifest: Descriptor;
  /** False: everything was here already. */
  readonly changed: boolean;
}

export interface PushResult {
  readonly reference: Reference;
  readonly manifest: Descriptor;
}

export interface PushAllOptions extends CallContext {
  /** Of images for several, only this one. */
  readonly platform?: Platform;
  /** Called for each tag when the registry has it. */
  readonly onPushed?: (result: PushResult) => void;
}

export interface ImportOptions extends CallContext {
  /** `name:tag`; absent: the image has no name. */
  readonly name?: string;
  /** Dockerfile instructions for the config: `CMD ["/bin/sh"]`. */
  readonly changes?: readonly string[];
  /** The comment in the image's history. */
  readonly message?: string;
  /** Default: the host's. */
  readonly platform?: Platform;
  /** When the image was made, instead of now; seconds. */
  readonly sourceDateEpoch?: number;
}

export interface ImportResult {
  readonly imageId: Digest;
  readonly manifest: Descriptor;
}

export interface ListFilesOptions extends CallContext {
  /** Where to begin; default the root. */
  readonly path?: string;
  /** How many levels below it; default all. */
  readonly depthMax?: number;
}

export interface CopyFilesOptions extends CallContext {
  /** In the image; `/.` at its end means what is in the folder. */
  readonly source: string;
  /** A path; or a stream, which gets a tar. */
  readonly destination: string | NodeJS.WritableStream;
  /** Follow a symlink at the end of the source. */
  readonly followLink?: boolean;
  /** Owners as in the image; needs root. */
  readonly keepOwner?: boolean;
}

export interface RunOptions extends CallContext {
  readonly image: string;
  /** Replaces the image's Cmd. */
  readonly command?: readonly string[];
  readonly entrypoint?: string;
  readonly env?: readonly string[];
  readonly user?: string;
  readonly workdir?: string;
  readonly hostname?: string;
  /** Absent: the host's. */
  readonly network?: ContainerNetwork;
  /** What the container may use. */
  readonly limits?: ContainerLimits;
  readonly security?: ContainerSecurity;
  /** The container gets this process's stdin. Absent: an empty one. */
  readonly hasInput?: boolean;
  /** A terminal of its own, which this process's terminal shows. */
  readonly hasTerminal?: boolean;
  /** Absent: this process's stdout and stderr. */
  readonly output?: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void;
}

export interface RunResult {
  readonly exitCode: number;
  /** The kernel killed a process of it at its memory limit. */
  readonly oomKilled?: boolean;
}

export interface DoctorOptions extends CallContext {
  /** A registry to be looked at, too: `host:port`. */
  readonly registry?: string;
  /** Where programs are looked for; as the variable PATH. */
  readonly searchPath?: string;
}

export interface PlanSaveOptions extends CallContext {
  /** Only this platform's image of an index. Absent: all of them. */
  readonly platform?: Platform;
  /** Leaves signatures, attestations and SBOMs behind. */
  readonly noReferrers?: boolean;
  /**
   * What the receiver has, and need not be written: inventories, receipts, archives it was sent
   * before, or `registry://host:5000/prefix`.
   */
  readonly have?: readonly string[];
  /** Saves, besides those named, the images that a build needs; what is not here is pulled. */
  readonly forBuild?: ForBuild;
}

/** A build that is to happen elsewhere. */
export interface ForBuild {
  /** The Dockerfile's path. */
  readonly dockerfile: string;
  readonly target?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
}

export interface SaveOptions extends PlanSaveOptions {
  /** Splits the file into volumes `file.001`, `file.002` …; `only`: writes just those, from 1. */
  readonly volumes?: { readonly size: string; readonly only?: ReadonlySet<number> };
  /** Path of an ed25519 private key (PEM) that signs the archive. */
  readonly sign?: string;
  /** Asked where that key is encrypted. */
  readonly keyPassword?: () => Promise<string>;
}

export interface LoadOptions extends CallContext {
  /** Only this platform's image of an index. Absent: all that are there. */
  readonly platform?: Platform;
  /** Writes what was loaded to this path; it can be the next `have`. */
  readonly receipt?: string;
  /** Path of an ed25519 public key (PEM): loads only what its holder signed. */
  readonly verify?: string;
  /** Called for each image when it has its names; those before a failure stay loaded. */
  readonly onLoaded?: (image: LoadedImage) => void;
}

/** A path or several, volumes of one archive in any order among them; or a stream. */
export type ArchiveSource = string | readonly string[] | NodeJS.ReadableStream;

export interface LoadToOptions extends CallContext {
  /** `registry://host:5000/prefix`; http:// and https:// say how to reach it. */
  readonly to: string;
  /** `FROM=TO`: names below FROM go below TO, within the prefix. */
  readonly maps?: readonly string[];
  /** As for load. */
  readonly verify?: string;
}

export interface ImagesOptions {
  /** Told of each image that cannot be read, and is therefore not in the answer. */
  readonly onBroken?: (image: BrokenImage) => void;
}

export interface InspectOptions {
  /** This one and no other. @throws PLATFORM_UNKNOWN */
  readonly platform?: Platform;
}

export interface Engine extends CopyTools, ReferrerTools, RegistryTools, AsyncDisposable {
  // Building and running

  build(options: BuildOptions): Promise<BuildResult>;
  /** Runs a container in the foreground and removes it. */
  run(options: RunOptions): Promise<RunResult>;

  // The history of builds

  /** Newest first. */
  builds(): Promise<readonly BuildSummary[]>;
  /**
   * `ref`: the beginning of one, or `^2` for the one two before the latest; default the latest.
   * @throws BUILD_UNKNOWN
   */
  inspectBuild(ref?: string): Promise<BuildDetails>;
  /**
   * Gives every event of a build again. `start` is told when their clock was 0 (milliseconds since 1970)
   * and gives what takes them. @throws BUILD_UNKNOWN
   */
  replayBuild(ref: string, start: (originMs: number) => (event: Event) => void): Promise<void>;
  /** Removes records with their logs; those of builds that run stay. Gives what went. @throws BUILD_UNKNOWN */
  removeBuilds(refs: readonly string[]): Promise<readonly string[]>;

  // Registries

  /** Pulls the host's platform unless told otherwise. */
  pull(
    reference: string,
    options?: CallContext & { readonly platform?: Platform },
  ): Promise<PullResult>;
  /** `platform`: of an image for several, only this one. */
  push(
    reference: string,
    options?: CallContext & { readonly platform?: Platform },
  ): Promise<PushResult>;
  /** All tags of a name that are here. */
  pushAll(name: string, options?: PushAllOptions): Promise<readonly PushResult[]>;
  serveRegistry(options: ServeOptions): Promise<RegistryHandle>;
  /** How an image would be reached, each fact with what says so. Nothing is sent. */
  explainRegistry(reference: string): Promise<RegistryExplanation>;
  /** Which configuration files there are, and what they say about which names. */
  registryReport(): Promise<RegistryReport>;
  /**
   * Asks the registry whether it knows us, then stores the credentials where docker does, or with its
   * helper. @throws UNAUTHORIZED
   */
  login(options: RegistryLogin & CallContext): Promise<LoginResult>;
  /** Forgets them; not having any is success. */
  logout(registry: string): Promise<void>;

  // Moving images as files

  /** Writes images (names, digests or IDs) to one tar that is OCI layout and docker-archive at once. */
  save(
    references: readonly string[],
    file: string | NodeJS.WritableStream,
    options?: SaveOptions,
  ): Promise<ArchivePlanSummary>;
  /** What {@link save} would write; nothing is written. */
  planSave(references: readonly string[], options?: PlanSaveOptions): Promise<ArchivePlanSummary>;
  /** Writes which blobs the local store has, in a few kilobytes: for `have` of a save elsewhere. */
  inventory(file: string | NodeJS.WritableStream, options?: CallContext): Promise<void>;
  /**
   * Reads docker-archives, OCI layout folders and tars. What an archive leaves out is taken from the
   * local store. Of an archive in volumes that are not all here, what they complete is loaded, and
   * events tell what is still to come. @throws ARCHIVE_INCOMPLETE after loading what is complete
   */
  load(source: ArchiveSource, options?: LoadOptions): Promise<readonly LoadedImage[]>;
  /**
   * Sends the images of an archive to a registry, without a copy in the store. Gives their names
   * there.
   */
  loadTo(source: ArchiveSource, options: LoadToOptions): Promise<readonly LoadedImage[]>;

  // What is inside: root file systems and their files

  /** Makes an image of one layer from a tar of a root file system: a file, a URL or a stream. */
  import(source: string | NodeJS.ReadableStream, options?: ImportOptions): Promise<ImportResult>;
  /** Writes the root file system of an image as one tar. */
  export(
    image: string,
    output: string | NodeJS.WritableStream,
    options?: CallContext,
  ): Promise<void>;
  /** The files of an image, sorted by path. @throws PATH_UNKNOWN */
  listFiles(image: string, options?: ListFilesOptions): Promise<readonly ImageFile[]>;
  /** Writes the content of one file of an image, symlinks followed. @throws PATH_UNKNOWN */
  readFile(
    image: string,
    path: string,
    options: CallContext & { readonly output: NodeJS.WritableStream },
  ): Promise<void>;
  /** Copies a file or folder out of an image, by the rules of docker cp. Gives warnings. */
  copyFiles(image: string, options: CopyFilesOptions): Promise<readonly string[]>;
  /** What two images differ in; `times`: also when things were made. */
  diff(
    before: string,
    after: string,
    options?: CallContext & { readonly times?: boolean },
  ): Promise<ImageDiff>;
  /** What the layers of an image cost, and how much of it nobody can see. */
  analyze(image: string, options?: CallContext): Promise<ImageAnalysis>;

  // Names and images of the local store

  tag(source: string, target: string): Promise<void>;
  /** Newest first. */
  images(options?: ImagesOptions): Promise<readonly ImageSummary[]>;
  /** The same with all platforms of each and what they take. */
  imageTrees(options?: ImagesOptions): Promise<readonly ImageTree[]>;
  /** By name, digest or (short) ID. @throws IMAGE_UNKNOWN, IMAGE_ID_AMBIGUOUS */
  inspect(reference: string, options?: InspectOptions): Promise<ImageDetails>;
  /** docker rmi: a name goes; the image goes with its last name. */
  removeImage(
    reference: string,
    options?: { readonly force?: boolean },
  ): Promise<readonly RemovedName[]>;
  /** What removing these would take away. @throws as {@link removeImage} */
  planRemoval(
    references: readonly string[],
    options?: { readonly force?: boolean },
  ): Promise<RemovalPlan>;

  // Care of the store

  /** Where the store's bytes are, each counted once. */
  diskUsage(): Promise<DiskUsage>;
  /** What works on this machine, and what to do about what does not. */
  doctor(options?: DoctorOptions): Promise<DoctorReport>;
  /** Looks for damage in the store and, when asked to, mends what can be mended. */
  checkStore(options?: CheckOptions): Promise<CheckReport>;
  /** Who keeps content in the store: by digest, the beginning of one, or a name. @throws BLOB_UNKNOWN, IMAGE_ID_AMBIGUOUS */
  why(text: string): Promise<DigestReport>;
  /** Removes images and build cache with all that only they kept. What is in use stays. */
  prune(selection: PruneSelection): Promise<PruneReport>;
  /** Looking after what the registry on the store holds. */
  registryKeeping(): Promise<RegistryKeeping>;
  /** Removes what nothing needs. */
  gc(options?: { readonly dryRun?: boolean }): Promise<GarbageReport>;
}

/** Opens nothing yet: the store is opened by the first call that needs it. The caller disposes it. */
export async function openEngine(settings: Settings): Promise<Engine> {
  const { LocalEngine } = await import('./engine/local-engine.ts');
  return new LocalEngine(settings);
}
