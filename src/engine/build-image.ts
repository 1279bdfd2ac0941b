/** `slipway build` over the engine's resources: names checked first, then one build under one lease. */
import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { withEpochArg } from '#build/args.ts';
import { build } from '#build/build.ts';
import { CacheCap } from '#build/cache-cap.ts';
import { NO_CACHES } from '#build/cache-transport/import.ts';
import { parseContexts } from '#build/contexts/named-contexts.ts';
import { Explainer } from '#build/explain/explainer.ts';
import type { BuildRecorder } from '#build/history/recorder.ts';
import { checkAgents } from '#build/mounts/check-agents.ts';
import { SecretStore } from '#build/mounts/secret-store.ts';
import type { BuildSession } from '#build/session.ts';
import { Vertices } from '#build/vertex.ts';
import { type BuildOutput, STORE_OUTPUT } from '#core/build-output.ts';
import type { Digest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import type { Event } from '#core/events.ts';
import { hostPlatform } from '#core/platform.ts';
import { parseTag, type Reference } from '#core/reference.ts';
import type { BuildOptions, BuildResult } from '#engine.ts';
import { checkLimits } from '#runtime/limits.ts';
import { resolveBase } from './base-image.ts';
import { eventNowMs } from './event-clock.ts';
import { OFFLINE, refuseNetworkOutputs } from './offline.ts';
import { recorded } from './record-build.ts';
import { remoteSources } from './remote-sources.ts';
import type { Resources } from './resources.ts';

/** Steps wait for networks and disks more than for processors. */
const JOBS = Math.max(16, availableParallelism());

export async function buildImage(
  resources: Resources,
  options: BuildOptions,
): Promise<BuildResult> {
  refuseNamelessPush(options.outputs ?? [STORE_OUTPUT], options.tags.map(parseTag));
  refuseNetworkOutputs(options);
  if (options.limits) checkLimits(options.limits);
  checkAgents(options.agents ?? {});
  refuseIndexAnnotations(wantsIndex(options), options);
  const store = await resources.store();
  const leftovers = new Set<Digest>();
  const { cacheMaxBytes } = resources.settings;
  const cap =
    cacheMaxBytes === undefined ? undefined : new CacheCap(store, cacheMaxBytes, eventNowMs);
  try {
    return await recorded(store, options, (recorder) =>
      buildUnderLease(resources, { ...options, leftovers, recorder, ...(cap ? { cap } : {}) }),
    );
  } finally {
    if (leftovers.size > 0) await store.gc();
    const overBytes = (await cap?.enforce()) ?? 0;
    if (overBytes > 0) options.events?.(overCap(overBytes));
  }
}

function overCap(bytes: number): Event {
  const text = `the build cache is ${Math.ceil(bytes / 1e6)}MB over its cap: running commands hold what is too much`;
  return { kind: 'note', level: 'warning', text };
}

interface RecordedOptions extends BuildOptions {
  readonly cap?: CacheCap;
  readonly leftovers: Set<Digest>;
  readonly recorder: BuildRecorder;
}

async function buildUnderLease(
  resources: Resources,
  options: RecordedOptions,
): Promise<Omit<BuildResult, 'ref'>> {
  const { outputs = [STORE_OUTPUT], recorder, sourceDateEpoch } = options;
  const names = options.tags.map(parseTag);
  const host = hostPlatform(process.arch);
  const platforms = options.platforms ?? [host];
  const events = recorder.sink;
  const store = await resources.store();
  await using lease = await store.lease({ purpose: `build ${options.context}` });
  await using runtime = await resources.runtime();
  const session: BuildSession = {
    store,
    lease,
    recorder,
    ...failureOptions(options),
    runtime,
    helper: resources.helper,
    snapshotter: () => resources.snapshotter(events),
    resolveBase: (reference, call) =>
      resolveBase(resources, reference, {
        ...call,
        events,
        lease,
        from: options.bases ?? 'local',
      }),
    push: async (reference, call) => {
      const { push } = await import('./push.ts');
      return (await push(resources, reference, call)).manifest;
    },
    remote: async (reference, signal) => {
      const { remoteRepository } = await import('./remote-repository.ts');
      return remoteRepository(resources, reference, { events, signal });
    },
    remotes: remoteSources(resources),
    ...(options.bases === 'offline' ? OFFLINE : {}),
    imported: NO_CACHES,
    made: new Set(),
    leftovers: options.leftovers,
    ...(options.cap ? { cap: options.cap } : {}),
    ...(exportsMounts(options.cacheTo) ? { namedMounts: new Map() } : {}),
    transfers: resources.transfers,
    secrets: new SecretStore(options.secrets ?? {}),
    agents: options.agents ?? {},
    allowed: new Set(options.allow ?? []),
    vertices: new Vertices(events, eventNowMs),
    signal: options.signal ?? new AbortController().signal,
    now: () => new Date(),
    platforms,
    buildPlatform: host,
    shownBases: new Set(),
    noCache: options.noCache ?? false,
    ...(options.cacheTtlMs === undefined ? {} : { cacheTtlMs: options.cacheTtlMs }),
    volumes: options.volumes ?? [],
    jobs: pLimit(options.jobs ?? JOBS),
    inFlight: new Map(),
    ...(options.explain ? { explainer: new Explainer(store.stepFacts) } : {}),
    steps: { run: 0, cached: 0 },
    ...(options.limits ? { limits: options.limits } : {}),
    ...(options.network ? { network: options.network } : {}),
    ...(typeof sourceDateEpoch === 'number' ? { sourceDateEpoch } : {}),
    exactTimes: options.exactTimes ?? false,
  };
  const built = await build(session, {
    context: options.context,
    names,
    outputs,
    cacheFrom: options.cacheFrom ?? [],
    cacheTo: options.cacheTo ?? [],
    verify: options.verify ?? false,
    renew: options.bases === 'newest',
    ...(options.lock === undefined ? {} : { lock: options.lock }),
    noCacheStages: options.noCacheStages ?? [],
    ...imageRequest(options),
    buildArgs: argumentsOf(options),
    buildContexts: parseContexts(options.buildContexts ?? []),
    ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
    ...(options.ignoreFile === undefined ? {} : { ignoreFile: options.ignoreFile }),
    ...(options.dockerfile === undefined ? {} : { dockerfile: options.dockerfile }),
    ...(options.target === undefined ? {} : { target: options.target }),
  });
  const also = outputs.flatMap((output) => (output.kind === 'image' ? output.names : []));
  const isNamed = outputs.some(
    (output) => output.kind === 'image' && (output.push || !output.isDiscarded),
  );
  return { ...built, names: isNamed ? [...names, ...also] : [], steps: session.steps };
}

/** `context` for the time is an argument, as docker's variable becomes one: only the build knows its context. */
function argumentsOf({ buildArgs = {}, sourceDateEpoch }: BuildOptions) {
  const given = new Map(Object.entries(buildArgs));
  return sourceDateEpoch === 'context' ? withEpochArg(given, sourceDateEpoch) : given;
}

/** What the image is to be beside what the Dockerfile says. */
function imageRequest(options: BuildOptions) {
  return {
    labels: options.labels ?? {},
    annotations: options.annotations ?? [],
    isIndex: wantsIndex(options),
    squash: options.squash ?? false,
    ...(options.attest ? { attest: options.attest } : {}),
    unsetEnv: options.unsetEnv ?? [],
    unsetLabels: options.unsetLabels ?? [],
    omitHistory: options.omitHistory ?? false,
  };
}

function failureOptions(options: BuildOptions): Pick<BuildSession, 'keepFailed' | 'onFailure'> {
  const { keepFailed = false, onFailure } = options;
  return { keepFailed, ...(onFailure ? { onFailure } : {}) };
}

function wantsIndex({ isIndex = false, platforms = [] }: BuildOptions): boolean {
  return isIndex || platforms.length > 1;
}

/** As docker does. @throws USAGE */
function refuseIndexAnnotations(
  isIndex: boolean,
  { annotations = [], outputs = [] }: BuildOptions,
): void {
  if (isIndex) return;
  const ofOutputs = outputs.flatMap((output) =>
    'format' in output ? (output.format.annotations ?? []) : [],
  );
  const wrong = [...annotations, ...ofOutputs].find(({ on }) => on.startsWith('index'));
  if (!wrong) return;
  throw new SlipwayError(
    'USAGE',
    `${wrong.on} annotations not supported for single platform export`,
    {
      hint: 'annotate the manifest, or name several platforms with --platform',
    },
  );
}

function exportsMounts(targets: BuildOptions['cacheTo'] = []): boolean {
  return targets.some((target) => target.kind === 'place' && target.mounts !== undefined);
}

/** Before anything is built. @throws USAGE */
function refuseNamelessPush(outputs: readonly BuildOutput[], tags: readonly Reference[]): void {
  for (const output of outputs) {
    if (output.kind !== 'image' || !output.push) continue;
    if (tags.length + output.names.length > 0) continue;
    throw new SlipwayError('USAGE', 'tag is needed when pushing to registry', {
      hint: 'name the image with -t host:port/name:tag',
    });
  }
}
