/**
 * From instructions to what has to be built: the global scope, each stage's base with its arguments
 * expanded, what a stage takes from others, and which stages the target needs at all.
 */
import { SlipwayError } from '#core/errors.ts';
import { type Platform, parsePlatform } from '#core/platform.ts';
import type { Reference } from '#core/reference.ts';
import type { Dockerfile, FromInstruction, Instruction, Operand } from '#dockerfile/ast.ts';
import { type Stage, splitStages, stageNamed } from '#dockerfile/stages.ts';
import { suggest } from '#dockerfile/suggest.ts';
import { type BuildArgs, globalScope, platformArgs, unconsumedArgs } from './args.ts';
import { expander } from './expand.ts';
import { copyFrom, imageReference } from './stage-references.ts';
import { atPlace } from './step-error.ts';

export interface BuildPlan {
  readonly dockerfile: Dockerfile;
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
  readonly base: StageBase;
  readonly instructions: readonly Instruction[];
}

export type StageBase =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly reference: Reference };

export interface PlanOptions {
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly target?: string;
  readonly platform: Platform;
}

/** @throws TARGET_UNKNOWN, DOCKERFILE_INVALID, REFERENCE_INVALID, each with the line in detail */
export function planBuild(dockerfile: Dockerfile, options: PlanOptions): BuildPlan {
  const { globalArgs, stages } = splitStages(dockerfile);
  const target = findTarget(stages, options.target);
  const predefined = platformArgs({
    target: options.platform,
    build: options.platform,
    targetStage: target.from.name?.text ?? options.target ?? 'default',
  });
  const expand = (env: ReadonlyMap<string, string>) => expander(env, dockerfile.directives.escape);
  const args = globalScope(predefined, globalArgs, { given: options.buildArgs, expand });
  const planned = stages.map((stage) =>
    atPlace(dockerfile, stage.from.image, () =>
      planStage(stage, { stages, platform: options.platform, expand: expand(args.global) }),
    ),
  );
  const declared = new Set(
    dockerfile.instructions.flatMap((one) =>
      one.kind === 'arg' ? one.args.map(({ name }) => name.text) : [],
    ),
  );
  const found = planned[target.index];
  if (!found) throw new SlipwayError('INTERNAL', 'the target stage was not planned');
  return {
    dockerfile,
    args,
    stages: planned,
    needed: reachable(dockerfile, planned, target.index),
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
  context: {
    readonly stages: readonly Stage[];
    readonly platform: Platform;
    readonly expand: (operand: Operand) => string;
  },
): PlannedStage {
  const { from, index, instructions } = stage;
  checkPlatform(from, context);
  return {
    index,
    name: from.name?.text ?? `stage-${index}`,
    from,
    instructions,
    base: baseOf(context.expand(from.image), {
      written: from.image.text,
      stages: context.stages,
      before: index,
    }),
  };
}

function baseOf(
  image: string,
  earlier: {
    readonly written: string;
    readonly stages: readonly Stage[];
    readonly before: number;
  },
): StageBase {
  if (image === '') {
    throw new SlipwayError(
      'DOCKERFILE_INVALID',
      `base name (${earlier.written}) should not be blank`,
      {
        hint: 'give the ARG a default before FROM, or pass --build-arg',
      },
    );
  }
  const stage = stageNamed(earlier.stages, image, earlier.before);
  if (stage) return { kind: 'stage', index: stage.index };
  if (image === 'scratch') return { kind: 'scratch' };
  return { kind: 'image', reference: imageReference(image) };
}

function platformOf(text: string, host: Platform): Platform {
  try {
    return parsePlatform(text, host);
  } catch (cause) {
    if (!(cause instanceof SlipwayError)) throw cause;
    throw new SlipwayError(
      'PLATFORM_INVALID',
      `failed to parse platform ${text}: ${cause.message}`,
      { cause, ...(cause.hint === undefined ? {} : { hint: cause.hint }) },
    );
  }
}

/** One platform a build, in this version: FROM may name it, no other. */
function checkPlatform(
  from: FromInstruction,
  context: { readonly platform: Platform; readonly expand: (operand: Operand) => string },
): void {
  if (!from.platform) return;
  const wanted = platformOf(context.expand(from.platform), context.platform);
  const { os, architecture, variant } = context.platform;
  if (wanted.os === os && wanted.architecture === architecture && wanted.variant === variant)
    return;
  throw new SlipwayError(
    'PLATFORM_UNKNOWN',
    `FROM --platform=${from.platform.text}: other platforms than the host's cannot be built yet`,
    {
      hint: 'remove --platform, or build on a machine of that platform',
    },
  );
}

function reachable(
  dockerfile: Dockerfile,
  stages: readonly PlannedStage[],
  target: number,
): ReadonlySet<number> {
  const needed = new Set<number>();
  const visit = (index: number): void => {
    const stage = stages[index];
    if (!stage || needed.has(index)) return;
    needed.add(index);
    for (const dependency of dependenciesOf(dockerfile, stage, stages)) visit(dependency);
  };
  visit(target);
  return needed;
}

function dependenciesOf(
  dockerfile: Dockerfile,
  stage: PlannedStage,
  stages: readonly PlannedStage[],
): number[] {
  const base = stage.base.kind === 'stage' ? [stage.base.index] : [];
  const copies = stage.instructions.flatMap((instruction) => {
    const flag = instruction.kind === 'copy' ? instruction.from : undefined;
    if (!flag) return [];
    const from = atPlace(dockerfile, flag, () => copyFrom(flag.text, stage, stages));
    return from.kind === 'stage' ? [from.index] : [];
  });
  return [...base, ...copies];
}
