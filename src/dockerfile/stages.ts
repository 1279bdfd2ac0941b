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
  return stages.slice(0, before).findLast((stage) => stage.name === name);
}

/**
 * The stage that a `--from` or a `--target` means, among those before index `before`: by name without
 * regard to case (the last of a repeated name), undefined when it must be an image.
 */
export function stageNamed(
  stages: readonly Stage[],
  name: string,
  before: number = stages.length,
): Stage | undefined {
  const wanted = name.toLowerCase();
  return stages.slice(0, before).findLast((stage) => stage.name === wanted);
}
