/**
 * Builds the stages that the targets need, those of several platforms side by side. A step that two
 * of them have in common runs once: equal steps are one by their keys (layer-step.ts).
 */
import { assert } from '#core/assert.ts';
import { SlipwayError } from '#core/errors.ts';
import type { Platform } from '#core/platform.ts';
import type { BuildPlan } from './plan.ts';
import type { BuildSession } from './session.ts';
import { buildStage, type StageInputs } from './stage.ts';
import type { StageState } from './state.ts';

export interface StagePlaces extends Pick<StageInputs, 'context' | 'contexts'> {
  readonly isRunAgain: (stage: string) => boolean;
}

/**
 * The finished targets, in the order of the plans. Every needed stage starts at once and waits for
 * others where it needs them; the first failure ends all.
 */
export async function buildTargets(
  session: BuildSession,
  plans: readonly BuildPlan[],
  places: StagePlaces,
): Promise<readonly BuiltTarget[]> {
  const failure = new AbortController();
  const failures: unknown[] = [];
  const signal = AbortSignal.any([session.signal, failure.signal]);
  const running = plans.map((plan) => startStages({ ...session, signal }, plan, places));
  const all = running
    .flatMap(({ stages }) => stages)
    .map((stage) =>
      stage.catch((error: unknown) => {
        failures.push(error);
        // Whoever is stopped by it has not failed.
        failure.abort(new SlipwayError('CANCELLED', 'another step failed', { cause: error }));
        throw error;
      }),
    );
  await Promise.allSettled(all);
  if (failure.signal.aborted) throw session.signal.aborted ? session.signal.reason : failures[0];
  return await Promise.all(
    running.map(async ({ target }, index) => {
      const plan = plans[index];
      assert(plan, 'stages run by plans');
      return { state: await target, platform: plan.platform, runsOn: plan.target.platform };
    }),
  );
}

/** A finished target. */
export interface BuiltTarget {
  readonly state: StageState;
  /** What it was asked for: its place in an index. */
  readonly platform: Platform;
  /** What its config says: another one where FROM named it. */
  readonly runsOn: Platform;
}

interface RunningStages {
  readonly target: Promise<StageState>;
  /** All that the target needs, itself too. */
  readonly stages: readonly Promise<StageState>[];
}

function startStages(
  session: BuildSession,
  plan: BuildPlan,
  { isRunAgain, ...places }: StagePlaces,
): RunningStages {
  const results = new Map<number, Promise<StageState>>();
  const result = (index: number): Promise<StageState> => {
    const known = results.get(index);
    if (known !== undefined) return known;
    const stage = plan.stages[index];
    if (!stage) throw new SlipwayError('INTERNAL', `stage ${index} was not planned`);
    const noCache = session.noCache || isRunAgain(stage.name);
    const promise = buildStage({
      session: { ...session, noCache },
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
  const stages = [...plan.needed].sort(ascending).map(result);
  return { target: result(plan.target.index), stages };
}

function ascending(left: number, right: number): number {
  return left - right;
}
