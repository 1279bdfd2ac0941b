/**
 * One stage from its base to its last instruction: a fold of instructions over the state. Stages run
 * side by side; each waits for another only where it needs its result.
 */
import { unreachable } from '#core/assert.ts';
import { formatPlatform } from '#core/platform.ts';
import { formatReference } from '#core/reference.ts';
import type { Dockerfile, Instruction } from '#dockerfile/ast.ts';
import { applyArg } from './args.ts';
import type { ContextSource } from './context.ts';
import type { NamedContexts } from './contexts/named-contexts.ts';
import { refuseInvalid } from './diagnostics.ts';
import { expander } from './expand.ts';
import { applyMetadata } from './instructions/apply-metadata.ts';
import { fileStep } from './instructions/file-step.ts';
import { runStep } from './instructions/run-step.ts';
import { workdirStep } from './instructions/workdir-step.ts';
import type { BuildPlan, PlannedStage } from './plan.ts';
import type { BuildSession } from './session.ts';
import { imageState, type StageState, scratchState } from './state.ts';
import { atPlaceAsync } from './step-error.ts';
import { type StepLabels, stepLabels } from './step-labels.ts';
import { stepName } from './step-name.ts';

/** What instructions of a stage may ask for. */
export interface StageContext {
  readonly session: BuildSession;
  readonly plan: BuildPlan;
  readonly stage: PlannedStage;
  /** The text the instruction stands in: the Dockerfile, or ONBUILD of the base. */
  readonly dockerfile: Dockerfile;
  /** The finished state of another stage. */
  readonly result: (index: number) => Promise<StageState>;
  readonly context: ContextSource;
  /** What --build-context named. */
  readonly contexts: NamedContexts;
  /** `[build 2/4] ` and so on; counts one up at each call. */
  readonly label: StepLabels;
}

/** What does not change from instruction to instruction. */
export type StageInputs = Omit<StageContext, 'label' | 'dockerfile'>;

/** An instruction with the text it stands in. */
interface Located {
  readonly instruction: Instruction;
  readonly dockerfile: Dockerfile;
}

/** @throws whatever a step throws, with its place in detail */
export async function buildStage(context: StageInputs): Promise<StageState> {
  const { plan, stage } = context;
  const { state: base, triggers } = await atPlaceAsync(plan.dockerfile, stage.from.image, () =>
    baseState(context),
  );
  const own = stage.instructions.map((instruction) => ({
    instruction,
    dockerfile: plan.dockerfile,
  }));
  const located: readonly Located[] = [...triggers, ...own];
  const next = stepLabels(plan, {
    stage,
    instructions: located.map((one) => one.instruction),
    isMulti: context.session.platforms.length > 1,
  });
  let last = '';
  const label: StepLabels = (env) => {
    last = next(env);
    return last;
  };
  let state = base;
  if (stage.base.kind === 'image') {
    showBase(context.session, `${label(NO_ENV)}FROM ${formatReference(stage.base.reference)}`);
  }
  for (const { instruction, dockerfile } of located) {
    context.session.signal.throwIfAborted();
    const before = state;
    state = await atPlaceAsync(dockerfile, instruction, () =>
      apply(before, instruction, { ...context, dockerfile, label }),
    );
    if (state.layers.length === before.layers.length) continue;
    const name = last + stepName(instruction.source, before, dockerfile);
    const { layers } = state;
    context.session.trail?.push({
      stage: stage.index,
      platform: formatPlatform(plan.platform),
      name,
      instruction,
      dockerfile,
      layers,
    });
  }
  return state;
}

const NO_ENV: ReadonlyMap<string, string> = new Map();

/** Once: two platforms may begin with the same. */
function showBase({ shownBases, vertices }: BuildSession, name: string): void {
  if (shownBases.has(name)) return;
  shownBases.add(name);
  vertices.cached(name);
}

async function baseState(
  context: StageInputs,
): Promise<{ state: StageState; triggers: readonly Located[] }> {
  const { session, stage } = context;
  const { base } = stage;
  switch (base.kind) {
    case 'scratch':
      return { state: scratchState(), triggers: [] };
    case 'stage':
      return takeTriggers({ ...(await context.result(base.index)), cmdSet: false });
    case 'context':
      return takeTriggers(await context.contexts.state(base.name, stage.platform));
    case 'image':
      return takeTriggers(
        imageState(
          await session.resolveBase(base.reference, {
            platform: stage.platform,
            signal: session.signal,
          }),
        ),
      );
    default:
      return unreachable(base);
  }
}

/** ONBUILD of the base: its instructions come first, and are not inherited further. */
async function takeTriggers(
  state: StageState,
): Promise<{ state: StageState; triggers: readonly Located[] }> {
  const { OnBuild, ...config } = state.config;
  if (!OnBuild || OnBuild.length === 0) return { state, triggers: [] };
  const { parseDockerfile } = await import('#dockerfile/parser.ts');
  const dockerfile = parseDockerfile(
    { name: 'ONBUILD of the base image', text: `${OnBuild.join('\n')}\n` },
    { fragment: true },
  );
  refuseInvalid(dockerfile);
  const triggers = dockerfile.instructions.map((instruction) => ({ instruction, dockerfile }));
  return { state: { ...state, config }, triggers };
}

async function apply(
  state: StageState,
  instruction: Instruction,
  context: StageContext,
): Promise<StageState> {
  const { plan, dockerfile } = context;
  const expand = expander(state.env, dockerfile.directives.escape);
  switch (instruction.kind) {
    case 'from':
      return state;
    case 'arg':
      return applyArg(state, instruction, {
        build: plan.args,
        expand: (env) => expander(env, dockerfile.directives.escape),
      });
    case 'workdir':
      return workdirStep(state, expand(instruction.path), context);
    case 'run':
      return runStep(state, instruction, context);
    case 'copy':
    case 'add':
      return fileStep(state, instruction, { ...context, expand });
    default:
      return applyMetadata(state, instruction, dockerfile.directives.escape);
  }
}
