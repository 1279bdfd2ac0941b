/**
 * From instructions to what has to be built: the global scope, each stage's base with its arguments
 * expanded, what a stage takes from others, and which stages the target needs at all.
 */
import { SlipwayError } from '#core/errors.ts';
import type { Platform } from '#core/platform.ts';
import type { Dockerfile, FromInstruction, Instruction, Operand } from '#dockerfile/ast.ts';
import { readBase, readPlatform, type StageBase } from '#dockerfile/base-name.ts';
import { type Stage, splitStages, stageNamed } from '#dockerfile/stages.ts';
import { suggest } from '#dockerfile/suggest.ts';
import { type BuildArgs, globalScope, platformArgs, unconsumedArgs } from './args.ts';
import { expander } from './expand.ts';
import { readReferences, referenceProblems } from './stage-references.ts';
import { atPlace, withPlace } from './step-error.ts';

export interface BuildPlan {
  readonly dockerfile: Dockerfile;
  /** What the result is for. */
  readonly platform: Platform;
  readonly args: BuildArgs;
  /** All, in the order of the file. */
  readonly stages: readonly PlannedStage[];
  /** Indexes of those the target is known to need. */
  readonly needed: ReadonlySet<number>;
  readonly target: PlannedStage;
  /** --build-arg names nobody declares. */
  readonly unconsumed: readonly string[];
}

export interface PlannedStage {
  readonly index: number;
  /** As written after AS; else `stage-N`. */
  readonly name: string;
  readonly from: FromInstruction;
  readonly base: StageBase | { readonly kind: 'context'; readonly name: string };
  /** Of its base and its commands: what FROM says, what its base stage has, or the target's. */
  readonly platform: Platform;
  readonly instructions: readonly Instruction[];
}

export interface PlanOptions {
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly target?: string;
  /** What the result is for. */
  readonly platform: Platform;
  /** Where steps run: BUILDPLATFORM. */
  readonly buildPlatform: Platform;
  /** A name that --build-context gives another meaning; default none. */
  readonly isContext?: (name: string) => boolean;
}

const NO_CONTEXTS = (): boolean => false;

/** @throws TARGET_UNKNOWN, DOCKERFILE_INVALID, REFERENCE_INVALID, each with the line in detail */
export function planBuild(dockerfile: Dockerfile, options: PlanOptions): BuildPlan {
  const { isContext = NO_CONTEXTS } = options;
  const { globalArgs, stages } = splitStages(dockerfile);
  const target = findTarget(stages, options.target);
  const predefined = platformArgs({
    target: options.platform,
    build: options.buildPlatform,
    targetStage: target.from.name?.text ?? options.target ?? 'default',
  });
  const expand = (env: ReadonlyMap<string, string>) => expander(env, dockerfile.directives.escape);
  const args = globalScope(predefined, globalArgs, { given: options.buildArgs, expand });
  const planned: PlannedStage[] = [];
  for (const stage of stages) {
    const context = { ...options, stages, planned, isContext, expand: expand(args.global) };
    planned.push(atPlace(dockerfile, stage.from.image, () => planStage(stage, context)));
  }
  const declared = new Set(
    dockerfile.instructions.flatMap((one) =>
      one.kind === 'arg' ? one.args.map(({ name }) => name.text) : [],
    ),
  );
  const found = planned[target.index];
  if (!found) throw new SlipwayError('INTERNAL', 'the target stage was not planned');
  return {
    dockerfile,
    platform: options.platform,
    args,
    stages: planned,
    needed: reachable({ dockerfile, stages: planned, isContext }, target.index),
    target: found,
    unconsumed: unconsumedArgs(args, declared),
  };
}

function findTarget(stages: readonly Stage[], name: string | undefined): Stage {
  const last = stages.at(-1);
  if (!last)
    throw new SlipwayError('DOCKERFILE_INVALID', 'no build stage in current context', {
      hint: 'begin the Dockerfile with FROM',
    });
  if (name === undefined || name === '') return last;
  const found = stageNamed(stages, name);
  if (found) return found;
  const names = stages.flatMap(({ from }) => (from.name ? [from.name.text] : []));
  const near = suggest(name, names);
  const guess = near ? ` (did you mean ${near}?)` : '';
  throw new SlipwayError('TARGET_UNKNOWN', `target stage "${name}" could not be found${guess}`, {
    hint: `the Dockerfile's stages are: ${names.join(', ') || '(none has a name)'}`,
  });
}

function planStage(
  stage: Stage,
  context: Pick<PlanOptions, 'platform' | 'buildPlatform'> & {
    readonly stages: readonly Stage[];
    /** Those before it. */
    readonly planned: readonly PlannedStage[];
    readonly expand: (operand: Operand) => string;
    readonly isContext: (name: string) => boolean;
  },
): PlannedStage {
  const { from, index, instructions } = stage;
  const own = from.name?.text;
  const name = own ?? `stage-${index}`;
  const platform = from.platform ? namedPlatform(from.platform, context) : context.platform;
  if (own !== undefined && context.isContext(own)) {
    // The context stands for the whole stage.
    return { index, name, from, instructions: [], base: { kind: 'context', name: own }, platform };
  }
  const written = context.expand(from.image);
  if (context.isContext(written)) {
    return { index, name, from, instructions, base: { kind: 'context', name: written }, platform };
  }
  const base = readBase(stage, written, context.stages);
  const inherited = base.kind === 'stage' ? context.planned[base.index]?.platform : undefined;
  return { index, name, from, instructions, base, platform: inherited ?? platform };
}

function namedPlatform(
  flag: NonNullable<FromInstruction['platform']>,
  context: Pick<PlanOptions, 'buildPlatform'> & { readonly expand: (operand: Operand) => string },
): Platform {
  const text = { written: flag.text, expanded: context.expand(flag) };
  return readPlatform(text, context.buildPlatform);
}

/** @throws DOCKERFILE_INVALID, REFERENCE_INVALID: docker refuses most of it in any stage */
function reachable(
  plan: {
    readonly dockerfile: Dockerfile;
    readonly stages: readonly PlannedStage[];
    readonly isContext: (name: string) => boolean;
  },
  target: number,
): ReadonlySet<number> {
  const { dockerfile, stages, isContext } = plan;
  const references = readReferences(stages, isContext);
  const needed = new Set<number>();
  const pending = [target];
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    if (needed.has(index)) continue;
    needed.add(index);
    const base = stages[index]?.base;
    if (base?.kind === 'stage') pending.push(base.index);
    for (const use of references.uses[index] ?? []) pending.push(use.target);
  }
  const [first] = referenceProblems(references, (index) => needed.has(index));
  if (first !== undefined) throw withPlace(first.error, dockerfile, first.name);
  return needed;
}
