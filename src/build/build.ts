/** A build from Dockerfile to image: read, parse, plan, build the stages, write the image. */
import { basename } from 'node:path';
import type { CacheSource, CacheTarget } from '#core/build-cache.ts';
import { SlipwayError } from '#core/errors.ts';
import type { Dockerfile } from '#dockerfile/ast.ts';
import type { IgnoreMatcher } from '#dockerfile/dockerignore.ts';
import { withEpochArg } from './args.ts';
import { findBases, rememberBases } from './base-images.ts';
import { exportCaches, inlineCache } from './cache-transport/export.ts';
import { ImportedCaches } from './cache-transport/import.ts';
import { reportFindings } from './check.ts';
import { type BuildInput, type InputRequest, openInput } from './contexts/input.ts';
import { NamedContexts } from './contexts/named-contexts.ts';
import { refuseInvalid } from './diagnostics.ts';
import { requireEntitlements } from './entitlements.ts';
import { closeLock, type LockRequest, lockedBases, openLock } from './lock/locked-build.ts';
import type { BuiltImage } from './outputs/output.ts';
import { type OutputRequest, writeOutputs } from './outputs/write-outputs.ts';
import { parseFile } from './parse-dockerfile.ts';
import { type BuildPlan, planBuild } from './plan.ts';
import type { BuildSession } from './session.ts';
import { buildStage, type StageInputs } from './stage.ts';
import type { StageState } from './state.ts';
import { firstOfTwo, verifyBuild } from './verify/verify.ts';

export interface BuildRequest extends OutputRequest, InputRequest, LockRequest {
  /** Values by name, as on the command line. */
  readonly buildContexts: ReadonlyMap<string, string>;
  /** Stages whose steps all run again. */
  readonly noCacheStages: readonly string[];
  readonly cacheFrom: readonly CacheSource[];
  readonly cacheTo: readonly CacheTarget[];
  /** Build twice, and give nothing away of two builds that differ. */
  readonly verify: boolean;
}

/** Runs a whole build. @throws DOCKERFILE_MISSING, DOCKERFILE_INVALID and whatever a step throws */
export async function build(engine: BuildSession, request: BuildRequest): Promise<BuiltImage> {
  await using stack = new AsyncDisposableStack();
  const input = await openInput(engine, request, stack);
  const lock = await openLock(engine, input.lock, request);
  const remembering = {
    ...engine,
    resolveBase: rememberBases(lockedBases(engine, lock)),
    ...(lock ? { lock } : {}),
  };
  await using imported = await ImportedCaches.open(remembering, request.cacheFrom);
  const session: BuildSession = request.verify
    ? firstOfTwo({ ...remembering, imported })
    : { ...remembering, imported };
  const { context } = input;
  const dockerfile = await loadDockerfile(session, input);
  const contexts = new NamedContexts(session, request.buildContexts);
  const ignore = await context.ignore();
  const plan = await checkedPlan(session, { dockerfile, request, ignore, contexts });
  noteUnconsumed(session, plan);
  const isRunAgain = stagesRunAgain(session, plan, request);
  // Told also of a build that fails.
  stack.defer(() => {
    for (const line of session.explainer?.lines() ?? []) session.vertices.note('info', line);
  });
  const state = await buildStages(session, plan, { context, contexts, isRunAgain });
  if (request.verify) {
    await verifyBuild(session, async (second) => {
      const again = new NamedContexts(second, request.buildContexts);
      await buildStages(second, plan, { context, contexts: again, isRunAgain });
    });
  }
  const { cacheTo } = request;
  const annotations = cacheTo.some(({ kind }) => kind === 'inline')
    ? { ...request.annotations, ...inlineCache(session, state) }
    : request.annotations;
  const built = await writeOutputs(session, state, { ...request, annotations });
  await closeLock(session, lock, { place: input.lock, request });
  await exportCaches(session, state, cacheTo);
  return built;
}

async function loadDockerfile(session: BuildSession, input: BuildInput): Promise<Dockerfile> {
  const name = basename(input.name);
  return session.vertices.run(`[internal] load build definition from ${name}`, async (vertex) => {
    const file = await input.dockerfile();
    vertex.status(`transferring dockerfile: ${Buffer.byteLength(file.text)}B`, { done: true });
    const dockerfile = await parseFile(file, { root: session.store.paths.root });
    refuseInvalid(dockerfile);
    return dockerfile;
  });
}

/** Findings come first, also those of a file that cannot be planned or has a base nobody has. */
async function checkedPlan(
  session: BuildSession,
  inputs: {
    readonly dockerfile: Dockerfile;
    readonly request: BuildRequest;
    readonly ignore: IgnoreMatcher;
    readonly contexts: NamedContexts;
  },
): Promise<BuildPlan> {
  const { dockerfile, ignore, request, contexts } = inputs;
  const check = { dockerfile, ignore, buildArgs: request.buildArgs };
  let plan: BuildPlan;
  try {
    plan = planBuild(dockerfile, {
      buildArgs: withEpochArg(request.buildArgs, session.sourceDateEpoch),
      platform: session.platform,
      isContext: (name) => contexts.has(name),
      ...(request.target === undefined ? {} : { target: request.target }),
    });
  } catch (error) {
    await reportFindings(session, { ...check, bases: new Map(), needed: new Set() });
    throw error;
  }
  const { configs, failure } = await findBases(session, plan);
  await reportFindings(session, { ...check, bases: configs, needed: plan.needed });
  requireEntitlements(plan, session.allowed);
  if (failure) throw failure.error;
  return plan;
}

function noteUnconsumed(session: BuildSession, { unconsumed }: BuildPlan): void {
  if (unconsumed.length === 0) return;
  session.vertices.note(
    'warning',
    `[Warning] One or more build-args [${unconsumed.join(' ')}] were not consumed`,
  );
}

/** Whether a stage is one whose steps all run again; names of none are told. */
function stagesRunAgain(
  session: BuildSession,
  { stages }: BuildPlan,
  { noCacheStages }: BuildRequest,
): (name: string) => boolean {
  const wanted = new Set(noCacheStages.map((name) => name.toLowerCase()));
  const known = new Set(stages.map(({ name }) => name.toLowerCase()));
  for (const name of wanted) {
    if (known.has(name)) continue;
    session.vertices.note('warning', `--no-cache-filter ${name}: there is no such stage`);
  }
  return (name) => wanted.has(name.toLowerCase());
}

interface StagePlaces extends Pick<StageInputs, 'context' | 'contexts'> {
  readonly isRunAgain: (stage: string) => boolean;
}

/** Every needed stage starts at once and waits for others where it needs them; the first failure ends all. */
async function buildStages(
  session: BuildSession,
  plan: BuildPlan,
  { isRunAgain, ...places }: StagePlaces,
): Promise<StageState> {
  const failure = new AbortController();
  const failures: unknown[] = [];
  const signal = AbortSignal.any([session.signal, failure.signal]);
  const results = new Map<number, Promise<StageState>>();
  const result = (index: number): Promise<StageState> => {
    const known = results.get(index);
    if (known !== undefined) return known;
    const stage = plan.stages[index];
    if (!stage) throw new SlipwayError('INTERNAL', `stage ${index} was not planned`);
    const noCache = session.noCache || isRunAgain(stage.name);
    const promise = buildStage({
      session: { ...session, signal, noCache },
      plan,
      stage,
      result,
      ...places,
    });
    results.set(index, promise);
    return promise;
  };
  // In the file's order, so that what a stage needs has been started: chains may be longer than the
  // stack.
  const all = [...plan.needed].sort(ascending).map((index) =>
    result(index).catch((error: unknown) => {
      failures.push(error);
      // Whoever is stopped by it has not failed.
      failure.abort(new SlipwayError('CANCELLED', 'another step failed', { cause: error }));
      throw error;
    }),
  );
  const settled = await Promise.allSettled(all);
  if (failure.signal.aborted) throw session.signal.aborted ? session.signal.reason : failures[0];
  return await (settled.length > 0
    ? result(plan.target.index)
    : Promise.reject(new SlipwayError('INTERNAL', 'nothing to build')));
}

function ascending(left: number, right: number): number {
  return left - right;
}
