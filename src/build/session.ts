/** What one build has at hand. Made by the engine, owned by `build`, handed to every step. */
import type { LimitFunction } from 'p-limit';
import type { BuildAgents } from '#core/build-secret.ts';
import type { ContainerLimits } from '#core/container-limits.ts';
import type { ContainerNetwork } from '#core/container-network.ts';
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import type { Entitlement } from '#core/entitlement.ts';
import type { SlipwayError } from '#core/errors.ts';
import type { Platform } from '#core/platform.ts';
import type { Reference } from '#core/reference.ts';
import type { Repository } from '#core/repository.ts';
import type { BuildVolume } from '#core/run-surroundings.ts';
import type { PushOptions } from '#image/push.ts';
import type { NativeHelper } from '#layer/native.ts';
import type { Runtime } from '#runtime/runtime.ts';
import type { Snapshotter } from '#snapshot/snapshotter.ts';
import type { Lease } from '#store/leases.ts';
import type { LocalStore } from '#store/local-store.ts';
import type { CacheSharing } from '#store/mount-caches.ts';
import type { Materials } from './attest/materials.ts';
import type { CacheCap } from './cache-cap.ts';
import type { CacheKey } from './cache-key.ts';
import type { OpenedCaches } from './cache-transport/import.ts';
import type { Explainer } from './explain/explainer.ts';
import type { BuildRecorder } from './history/recorder.ts';
import type { Lock } from './lock/lock.ts';
import type { SecretStore } from './mounts/secret-store.ts';
import type { RemoteSources } from './remote-sources.ts';
import type { BaseImage, StageLayer } from './state.ts';
import type { MadeStep } from './verify/made-step.ts';
import type { Vertices } from './vertex.ts';

export interface BuildSession {
  readonly store: LocalStore;
  /** Holds everything the build reads or makes until it is named. */
  readonly lease: Lease;
  readonly helper: NativeHelper;
  readonly runtime: Runtime;
  /** Probed at the first RUN, never before. */
  readonly snapshotter: () => Promise<Snapshotter>;
  /** Finds an image locally, else pulls it. @throws BASE_UNKNOWN and the client's errors */
  readonly resolveBase: (
    reference: Reference,
    options: { readonly platform: Platform; readonly signal: AbortSignal },
  ) => Promise<BaseImage>;
  /** Sends an image, of the local store unless one is given, to the registry of its name; gives it as it is there. */
  readonly push: (
    reference: Reference,
    options: Pick<PushOptions, 'image' | 'asItIs' | 'byDigest'> & {
      readonly isInsecure?: boolean;
      readonly signal: AbortSignal;
    },
  ) => Promise<Descriptor>;
  /** A registry's repository; the caller disposes it. */
  readonly remote: (
    reference: Reference,
    signal: AbortSignal,
  ) => Promise<Repository & AsyncDisposable>;
  /** Caches elsewhere that a step is looked up in when the store has it not. */
  readonly imported: OpenedCaches;
  /** Ids of the cache mounts that steps name, also of steps that are cached; absent: nobody exports them. */
  readonly namedMounts?: Map<string, CacheSharing>;
  /** The layers of all steps of this build, those from the cache too, in the order they were ready. */
  readonly made: Set<Digest>;
  /** Layers that were made or fetched for the way only, and are garbage when the build is over. */
  readonly leftovers: Set<Digest>;
  /** Absent: the cache may grow. */
  readonly cap?: CacheCap;
  /** The named limit of blobs on their way. */
  readonly transfers: LimitFunction;
  /** Files and repositories that are elsewhere. */
  readonly remotes: RemoteSources;
  readonly secrets: SecretStore;
  readonly agents: BuildAgents;
  readonly vertices: Vertices;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** What the image is for; several make an index. */
  readonly platforms: readonly Platform[];
  /** Where steps run. */
  readonly buildPlatform: Platform;
  /** Seconds; every time in the image is at most this. */
  readonly sourceDateEpoch?: number;
  /** Files have exactly that time. */
  readonly exactTimes?: boolean;
  /** What names outside this machine are to be; absent: whatever they are now. */
  readonly lock?: Lock;
  /** What RUN may ask for beyond what every step has. */
  readonly allowed: ReadonlySet<Entitlement>;
  readonly noCache: boolean;
  /** A RUN that was done longer ago than this is done again. */
  readonly cacheTtlMs?: number;
  /** Folders and files of this machine that every RUN sees. */
  readonly volumes: readonly BuildVolume[];
  /** Of the container of each RUN; no part of any cache key. */
  readonly limits?: ContainerLimits;
  /** For every RUN that does not say otherwise. Absent: the host's. */
  readonly network?: ContainerNetwork;
  /** The named limit of steps that work at the same time. */
  readonly jobs: LimitFunction;
  /** Steps under way, by definition key: equal steps of two stages run once. */
  readonly inFlight: Map<CacheKey, Promise<MadeLayer>>;
  /** Bases that the log has shown; those of two platforms may be one. */
  readonly shownBases: Set<string>;
  /** Writes the history. */
  readonly recorder: BuildRecorder;
  /** The root of a RUN that fails becomes an image, held by the build's record. */
  readonly keepFailed: boolean;
  /** Told of a RUN that failed; `shell` opens one in its root, on this process's terminal. */
  readonly onFailure?: (failure: SlipwayError, shell: () => Promise<void>) => Promise<void>;
  /** Absent: nobody asked why steps missed. */
  readonly explainer?: Explainer;
  /** What was made, step by step; absent: nobody compares. */
  readonly trail?: MadeStep[];
  /** The name of a build that is only compared with another: nothing remembers what it makes. */
  readonly trial?: string;
  /** Notes what is taken from elsewhere; absent: nobody asked. */
  readonly materials?: Materials;
  /** Counters for the result. */
  readonly steps: { run: number; cached: number };
}

/** What a step leaves behind. */
export interface MadeLayer {
  readonly layer: StageLayer;
  /** ISO 8601. */
  readonly created: string;
  /** When the step was done; absent: in this build. */
  readonly madeAtMs?: number;
}

/** The build's time of day, clamped. ISO 8601. */
export function timestamp(session: BuildSession): string {
  const { sourceDateEpoch } = session;
  return sourceDateEpoch === undefined ? session.now().toISOString() : isoTime(sourceDateEpoch);
}

/** A time of the inputs, clamped. ISO 8601. */
export function clampedTimestamp(
  { sourceDateEpoch }: Pick<BuildSession, 'sourceDateEpoch'>,
  seconds: number,
): string {
  return isoTime(Math.min(seconds, sourceDateEpoch ?? seconds));
}

/** The end of the year 9999: what RFC 3339 can say. */
const SECONDS_MAX = 253_402_300_799;

function isoTime(seconds: number): string {
  return new Date(Math.min(Math.max(seconds, 0), SECONDS_MAX) * 1000).toISOString();
}
