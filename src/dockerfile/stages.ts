/**
 * A Dockerfile cut into its stages at each FROM. Names and bases are as written: which base is an
 * earlier stage can be said only after expansion, by the planner.
 */
import type { ArgInstruction, Dockerfile, FromInstruction, Instruction, Operand } from './ast.ts';

export interface Stage {
  /** From 0, as `COPY --from=0` counts. */
  readonly index: number;
  /** Lower case: docker compares stage names without regard to case. */
  readonly name?: string;
  readonly from: FromInstruction;
  /** Unexpanded. */
  readonly base: Operand;
  readonly platform?: Operand;
  /** All behind FROM, up to the next one. */
  readonly instructions: readonly Instruction[];
}

export interface Stages {
  /** ARGs in front of the first FROM: seen by FROM lines only, until declared again. */
  readonly globalArgs: readonly ArgInstruction[];
  readonly stages: readonly Stage[];
}

/** Anything else in front of the first FROM is an error that parsing has reported; it is skipped. */
export function splitStages(dockerfile: Pick<Dockerfile, 'instructions'>): Stages {
  const globalArgs: ArgInstruction[] = [];
  const stages: { from: FromInstruction; instructions: Instruction[] }[] = [];
  for (const instruction of dockerfile.instructions) {
    if (instruction.kind === 'from') stages.push({ from: instruction, instructions: [] });
    else if (stages.length > 0) stages.at(-1)?.instructions.push(instruction);
    else if (instruction.kind === 'arg') globalArgs.push(instruction);
  }
  return {
    globalArgs,
    stages: stages.map(({ from, instructions }, index) => ({
      index,
      ...(from.name === undefined ? {} : { name: from.name.text.toLowerCase() }),
      from,
      base: from.image,
      ...(from.platform === undefined ? {} : { platform: from.platform }),
      instructions,
    })),
  };
}

/**
 * The stage that a FROM means, among those before index `before`. Docker keeps stage names in lower
 * case and compares what FROM says as it is written: `FROM Base` is never the stage `base`.
 */
export function baseStage(
  stages: readonly Stage[],
  name: string,
  before: number,
): Stage | undefined {
  const named = byName(stages).get(name) ?? [];
  // By halves: all stages of a file may have one name.
  let low = 0;
  for (let high = named.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((named[middle]?.index ?? before) < before) low = middle + 1;
    else high = middle;
  }
  return named[low - 1];
}

/**
 * The stage that a `--target` means, or a base among those before index `before`: by name without
 * regard to case (the last of a repeated name), undefined when there is none.
 */
export function stageNamed(
  stages: readonly Stage[],
  name: string,
  before: number = stages.length,
): Stage | undefined {
  return baseStage(stages, name.toLowerCase(), before);
}

const namings = new WeakMap<readonly Stage[], ReadonlyMap<string, readonly Stage[]>>();

/** Made once for a list: files may have thousands of stages, each asking for another. */
function byName(stages: readonly Stage[]): ReadonlyMap<string, readonly Stage[]> {
  const known = namings.get(stages);
  if (known !== undefined) return known;
  const named = new Map<string, Stage[]>();
  for (const stage of stages) {
    if (stage.name === undefined) continue;
    const same = named.get(stage.name);
    if (same === undefined) named.set(stage.name, [stage]);
    else same.push(stage);
  }
  namings.set(stages, named);
  return named;
}
