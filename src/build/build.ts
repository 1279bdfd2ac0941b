/** A build from Dockerfile to image: read, parse, plan, build the stages, write the image. */
import { basename } from 'node:path';
import type { AttestRequest } from '#core/attestation.ts';
import type { CacheSource, CacheTarget } from '#core/build-cache.ts';
import type { Platform } from '#core/platform.ts';
import type { Dockerfile } from '#dockerfile/ast.ts';
import type { IgnoreMatcher } from '#dockerfile/dockerignore.ts';
import { withEpochArg } from './args.ts';
import { findBases, rememberBases } from './base-images.ts';
import { buildTargets } from './build-stages.ts';
import { reportFindings } from './check.ts';
import type { ContextSource } from './context.ts';
import { type BuildInput, type InputRequest, openInput } from './contexts/input.ts';
import { NamedContexts } from './contexts/named-contexts.ts';
import { refuseInvalid } from './diagnostics.ts';
import { scanEarly } from './early-scans.ts';
import { requireEntitlements } from './entitlements.ts';
import { epochOf, withEpoch } from './epoch.ts';
import { closeLock, type LockRequest, lockedBases, openLock } from './lock/locked-build.ts';
import type { BuiltImage, OutputRequest } from './outputs/output.ts';
import { writeOutputs } from './outputs/write-outputs.ts';
import { parseFile } from './parse-dockerfile.ts';
import { type BuildPlan, planBuild } from './plan.ts';
import type { BuildSession } from './session.ts';
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
  /** What is stated about the image; absent: nothing. */
  readonly attest?: AttestRequest;
}

/** Runs a whole build. @throws DOCKERFILE_MISSING, DOCKERFILE_INVALID and whatever a step throws */
export async function build(engine: BuildSession, request: BuildRequest): Promise<BuiltImage> {
  await using stack = new AsyncDisposableStack();
  const startedOn = engine.now().toISOString();
  const noted = await withMaterials(engine, request);
  const input = await openInput(noted, request, stack);
  const lock = await openLock(noted, input.lock, request);
  const remembering = {
    ...noted,
    resolveBase: rememberBases(lockedBases(noted.resolveBase, lock)),
    ...(lock ? { lock } : {}),
  };
  const imported = await importedCaches(remembering, request.cacheFrom, stack);
  const undated: BuildSession = { ...remembering, imported };
  const { context } = input;
  const dockerfile = await loadDockerfile(undated, input);
  const contexts = new NamedContexts(undated, request.buildContexts);
  const ignore = await context.ignore();
  const checked = await checkedPlans(undated, {
    ...{ dockerfile, request, ignore, context, contexts },
  });
  const { session, plans } = await datedBuild(undated, checked, { input, request });
  noteUnconsumed(session, plans[0]);
  const isRunAgain = stagesRunAgain(session, plans[0], request);
  // Told also of a build that fails.
  stack.defer(() => {
    for (const line of session.explainer?.lines() ?? []) session.vertices.note('info', line);
  });
  const targets = await buildTargets(session, plans, { context, contexts, isRunAgain });
  if (request.verify) {
    await verifyBuild(session, async (second) => {
      const again = new NamedContexts(second, request.buildContexts);
      await buildTargets(second, plans, { context, contexts: again, isRunAgain });
    });
  }
  const { cacheTo } = request;
  const isInline = cacheTo.some(({ kind }) => kind === 'inline');
  const { attest } = request;
  const attesting = attest && {
    attester: (await import('./attest/attester.ts')).attester(session, {
      request: attest,
      plans,
      given: request,
      dockerfile: input.name,
      startedOn,
    }),
  };
  const built = await writeOutputs(session, targets, { ...request, isInline, ...attesting });
  await closeLock(session, lock, { place: input.lock, request });
  if (cacheTo.length > 0) {
    const { exportCaches } = await import('./cache-transport/export.ts');
    const states = targets.map(({ state }) => state);
    await exportCaches(session, states, cacheTo);
  }
  return built;
}

/** What provenance is to say of what comes from elsewhere is noted from the start. */
async function withMaterials(
  session: BuildSession,
  { attest }: BuildRequest,
): Promise<BuildSession> {
  if (!attest?.provenance) return session;
  const { Materials, notedBases } = await import('./attest/materials.ts');
  const materials = new Materials();
  return { ...session, materials, resolveBase: notedBases(session.resolveBase, materials) };
}

/** `stack` owns them. */
async function importedCaches(
  session: BuildSession,
  sources: readonly CacheSource[],
  stack: AsyncDisposableStack,
): Promise<BuildSession['imported']> {
  if (sources.length === 0) return session.imported;
  const { ImportedCaches } = await import('./cache-transport/import.ts');
  return stack.use(await ImportedCaches.open(session, sources));
}

async function loadDockerfile(session: BuildSession, input: BuildInput): Promise<Dockerfile> {
  const name = basename(input.name);
  return session.vertices.run(`[internal] load build definition from ${name}`, async (vertex) => {
    const file = await input.dockerfile();
    session.recorder.dockerfile(input.name, file);
    vertex.status(`transferring dockerfile: ${Buffer.byteLength(file.text)}B`, { done: true });
    const dockerfile = await parseFile(file, { root: session.store.paths.root });
    refuseInvalid(dockerfile);
    return dockerfile;
  });
}

type Plans = readonly [BuildPlan, ...BuildPlan[]];

/** One for each platform. */
async function checkedPlans(session: BuildSession, inputs: PlanInputs): Promise<Plans> {
  const seen = new Set<string>();
  const [first, ...others] = session.platforms;
  const checked = (platform: Platform) => checkedPlan(session, { ...inputs, platform, seen });
  const plans: [BuildPlan, ...BuildPlan[]] = [await checked(first ?? session.buildPlatform)];
  for (const platform of others) plans.push(await checked(platform));
  return plans;
}

/** With the time that the arguments ask for, and where two builds are compared with one in any case. */
async function datedBuild(
  session: BuildSession,
  plans: Plans,
  { input, request }: { readonly input: BuildInput; readonly request: BuildRequest },
): Promise<{ readonly session: BuildSession; readonly plans: Plans }> {
  const isGiven = session.sourceDateEpoch !== undefined;
  const epoch = isGiven
    ? session.sourceDateEpoch
    : await epochOf(plans[0], async () => await input.time?.());
  const once = epoch === undefined ? session : { ...session, sourceDateEpoch: epoch };
  const dated = request.verify ? firstOfTwo(once) : once;
  if (isGiven) return { session: dated, plans };
  const [first, ...others] = plans;
  const inTime = (plan: BuildPlan) => withEpoch(plan, dated, epoch);
  return { session: dated, plans: [inTime(first), ...others.map(inTime)] };
}

interface PlanInputs {
  readonly dockerfile: Dockerfile;
  readonly request: BuildRequest;
  readonly ignore: IgnoreMatcher;
  readonly context: ContextSource;
  readonly contexts: NamedContexts;
}

/** Findings come first, also those of a file that cannot be planned or has a base nobody has. */
async function checkedPlan(
  session: BuildSession,
  inputs: PlanInputs & {
    readonly platform: Platform;
    /** Findings that were told for another platform. */
    readonly seen: Set<string>;
  },
): Promise<BuildPlan> {
  const { request, context, contexts, platform, ...rest } = inputs;
  const { dockerfile } = rest;
  const check = { ...rest, platform, buildArgs: request.buildArgs };
  let plan: BuildPlan;
  try {
    plan = planBuild(dockerfile, {
      buildArgs: withEpochArg(request.buildArgs, session.sourceDateEpoch),
      platform,
      buildPlatform: session.buildPlatform,
      isContext: (name) => contexts.has(name),
      ...(request.target === undefined ? {} : { target: request.target }),
    });
  } catch (error) {
    await reportFindings(session, { ...check, bases: new Map(), needed: new Set() });
    throw error;
  }
  void scanEarly(plan, context);
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
