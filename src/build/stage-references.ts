/**
 * What the names in `FROM` and `--from` refer to: an earlier stage by name or number, else an image.
 * A later stage's name means an image, unless the two stages would then need each other.
 */
import type { Diagnostic } from '#core/diagnostic.ts';
import { SlipwayError } from '#core/errors.ts';
import type { Reference } from '#core/reference.ts';
import type { CopyInstruction, FromInstruction, Instruction } from '#dockerfile/ast.ts';
import { imageReference } from '#dockerfile/base-name.ts';
import type { Stages } from '#dockerfile/stages.ts';

/** As much of a stage as references are about. */
export interface ReferringStage {
  readonly index: number;
  readonly from: FromInstruction;
  readonly instructions: readonly Instruction[];
}

export type CopyFrom =
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly reference: Reference };

/** What `--from=text` in a stage means. @throws DOCKERFILE_INVALID, REFERENCE_INVALID */
export function copyFrom(
  text: string,
  stage: Pick<ReferringStage, 'index'>,
  stages: readonly ReferringStage[],
): CopyFrom {
  if (text.includes('$')) {
    throw new SlipwayError(
      'DOCKERFILE_INVALID',
      'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
      { hint: `Write FROM ${text} AS source above this stage, and --from=source here.` },
    );
  }
  const named = stages.findLast((other) => other.index < stage.index && isNamed(other, text));
  if (named) return { kind: 'stage', index: named.index };
  if (/^-?\d+$/.test(text))
    return { kind: 'stage', index: stageNumber(Number(text), stage, stages) };
  const later = stages.find((other) => other.index >= stage.index && isNamed(other, text));
  if (later && needs(later, stage.index, stages)) throw circular(stages[stage.index] ?? later);
  return { kind: 'image', reference: imageReference(text) };
}

/** What is wrong with the `--from` of any stage. */
export function referenceProblems({ stages }: Pick<Stages, 'stages'>): readonly Diagnostic[] {
  return stages.flatMap((stage) =>
    stage.instructions.flatMap((instruction) => {
      const flag = instruction.kind === 'copy' ? instruction.from : undefined;
      if (flag === undefined) return [];
      try {
        copyFrom(flag.text, stage, stages);
        return [];
      } catch (error) {
        if (!(error instanceof SlipwayError)) throw error;
        const { message, hint } = error;
        const { range } = flag;
        return [
          {
            code: 'StageUnknown',
            severity: 'error',
            message,
            range,
            ...(hint && { hint }),
          } as const,
        ];
      }
    }),
  );
}

function stageNumber(
  index: number,
  stage: Pick<ReferringStage, 'index'>,
  stages: readonly ReferringStage[],
): number {
  if (index >= 0 && index < stage.index) return index;
  const named = stages[index];
  if (named && index === stage.index) throw circular(named);
  if (named) {
    const current = nameOf(stages[stage.index] ?? named);
    throw new SlipwayError(
      'DOCKERFILE_INVALID',
      `cannot copy from stage "${index}", it needs to be defined before current stage "${current}"`,
      { hint: 'move the stage up, or name an earlier one' },
    );
  }
  throw new SlipwayError('DOCKERFILE_INVALID', `invalid stage index ${index}`, {
    hint: 'stages are numbered from 0; name an earlier one',
  });
}

/** Whether a stage is, or takes something from, the one at `target`, directly or through others. */
function needs(
  stage: ReferringStage,
  target: number,
  stages: readonly ReferringStage[],
  seen: ReadonlySet<number> = new Set(),
): boolean {
  if (stage.index === target) return true;
  if (seen.has(stage.index)) return false;
  const next = new Set(seen).add(stage.index);
  return namesIn(stage).some((name) => {
    const other = stages.findLast((one) => isNamed(one, name) || String(one.index) === name);
    return other !== undefined && needs(other, target, stages, next);
  });
}

/** Every name a stage's FROM and --from mention, as written. */
function namesIn({ from, instructions }: ReferringStage): readonly string[] {
  const copies = instructions.filter(
    (one): one is CopyInstruction => one.kind === 'copy' && one.from !== undefined,
  );
  return [from.image.text, ...copies.map((copy) => copy.from?.text ?? '')];
}

function isNamed({ from }: Pick<ReferringStage, 'from'>, name: string): boolean {
  return from.name?.text.toLowerCase() === name.toLowerCase();
}

function nameOf({ index, from }: ReferringStage): string {
  return from.name?.text.toLowerCase() ?? `stage-${index}`;
}

function circular(stage: ReferringStage): SlipwayError {
  const name = nameOf(stage);
  return new SlipwayError('DOCKERFILE_INVALID', `circular dependency detected on stage: ${name}`, {
    hint: 'a stage cannot take files from itself, nor two stages from each other',
  });
}
