/**
 * What the names in `--from` and in `RUN --mount=from=` refer to: the last stage of that name, or
 * one by its number, else an image; and what docker refuses of them. A stage that stands later can
 * be named and not be used. Linear in the file: it may have thousands of stages.
 */
import type { Diagnostic } from '#core/diagnostic.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { Reference } from '#core/reference.ts';
import type { FromInstruction, Instruction, Operand } from '#dockerfile/ast.ts';
import { imageReference } from '#dockerfile/base-name.ts';
import { mountTarget, placedOrigin } from '#dockerfile/mount-fields.ts';
import { circlesOf } from './stage-circles.ts';

/** As much of a stage as references are about. */
export interface ReferringStage {
  readonly index: number;
  readonly from: FromInstruction;
  readonly instructions: readonly Instruction[];
}

/** A stage or an image named by an instruction; text and range are of the name alone. */
export interface SourceName extends Operand {
  /** `target`: of the mount, as written. */
  readonly by: { readonly kind: 'copy' } | { readonly kind: 'mount'; readonly target: string };
}

/** What an instruction takes files from besides the context, as written. */
export function sourceNames(instruction: Instruction): readonly SourceName[] {
  if (instruction.kind === 'copy') {
    return instruction.from ? [{ ...instruction.from, by: { kind: 'copy' } }] : [];
  }
  if (instruction.kind !== 'run') return [];
  return instruction.mounts.flatMap((mount) => {
    const origin = placedOrigin(mount);
    // Of a variable the parser has said that there can be none.
    if (origin === undefined || origin.text === '' || origin.text.includes('$')) return [];
    const target = mountTarget(mount.text)?.text ?? '';
    return [{ ...origin, by: { kind: 'mount', target } } as const];
  });
}

export type NamedSource =
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly reference: Reference };

/** A stage's use of another one, which may stand later or be itself. */
export interface StageUse {
  readonly name: SourceName;
  readonly target: number;
}

/** The references of all stages, read once. */
export interface StageReferences {
  readonly stages: readonly ReferringStage[];
  /** By the index of the stage that has them. */
  readonly uses: readonly (readonly StageUse[])[];
  /** Names that are neither stage nor image. */
  readonly unreadable: readonly { readonly name: SourceName; readonly error: SlipwayError }[];
}

/** `isElsewhere`: names that are neither stage nor image, but contexts. */
export function readReferences(
  stages: readonly ReferringStage[],
  isElsewhere: (name: string) => boolean = () => false,
): StageReferences {
  const unreadable: { name: SourceName; error: SlipwayError }[] = [];
  const uses = stages.map(({ instructions }) =>
    instructions.flatMap(sourceNames).flatMap((name) => {
      if (isElsewhere(name.text)) return [];
      try {
        const source = namedSource(name, stages);
        return source.kind === 'stage' ? [{ name, target: source.index }] : [];
      } catch (error) {
        if (!isSlipwayError(error)) throw error;
        unreadable.push({ name, error });
        return [];
      }
    }),
  );
  return { stages, uses, unreadable };
}

/**
 * What a name means in any stage, wherever the stage named stands.
 * @throws DOCKERFILE_INVALID, REFERENCE_INVALID
 */
function namedSource({ text, by }: SourceName, stages: readonly ReferringStage[]): NamedSource {
  if (text.includes('$')) {
    throw new SlipwayError(
      'DOCKERFILE_INVALID',
      'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
      { hint: `Write FROM ${text} AS source above this stage, and --from=source here.` },
    );
  }
  // Docker counts stages for COPY only.
  if (by.kind === 'copy' && /^[-+]?\d+$/.test(text)) {
    const index = Number(text);
    if (index >= 0 && index < stages.length) return { kind: 'stage', index };
    throw new SlipwayError('DOCKERFILE_INVALID', `invalid stage index ${index}`, {
      hint: 'stages are numbered from 0; name an earlier one',
    });
  }
  const index = indexesByName(stages).get(text.toLowerCase());
  return index === undefined
    ? { kind: 'image', reference: imageReference(text) }
    : { kind: 'stage', index };
}

/**
 * The same for the stage with this index, which can take files from earlier ones only.
 * @throws DOCKERFILE_INVALID, REFERENCE_INVALID
 */
export function sourceOf(
  name: SourceName,
  stage: Pick<ReferringStage, 'index'>,
  stages: readonly ReferringStage[],
): NamedSource {
  const source = namedSource(name, stages);
  if (source.kind === 'image' || source.index < stage.index) return source;
  const user = stages[stage.index];
  throw source.index === stage.index ? circular(user) : tooLate(name, user);
}

/** A reference that docker refuses, with its place. */
export interface ReferenceProblem {
  readonly name: SourceName;
  readonly error: SlipwayError;
}

/**
 * In docker's order: names it cannot read, stages that need each other (told where one of them
 * names a later one), and in stages that `isNeeded` other uses of later ones.
 */
export function referenceProblems(
  { stages, uses, unreadable }: StageReferences,
  isNeeded: (index: number) => boolean = () => true,
): readonly ReferenceProblem[] {
  const late = uses.flatMap((list, index) =>
    list.filter(({ target }) => target >= index).map((use) => ({ ...use, index })),
  );
  if (late.length === 0) return unreadable;
  const circles = circlesOf(uses.map((list) => list.map(({ target }) => target)));
  const isCircular = ({ index, target }: (typeof late)[number]) =>
    circles[index] === circles[target];
  return [
    ...unreadable,
    ...late.filter(isCircular).map(({ name, index }) => ({ name, error: circular(stages[index]) })),
    ...late
      .filter((use) => !isCircular(use) && isNeeded(use.index))
      .map(({ name, index }) => ({ name, error: tooLate(name, stages[index]) })),
  ];
}

/** The same as diagnostics, of all stages. */
export function referenceDiagnostics(stages: readonly ReferringStage[]): readonly Diagnostic[] {
  return referenceProblems(readReferences(stages)).map(({ name: { range }, error }) => ({
    code: 'StageUnknown',
    severity: 'error',
    message: error.message,
    range,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  }));
}

const namings = new WeakMap<readonly ReferringStage[], ReadonlyMap<string, number>>();

/** The last of a repeated name stays. */
function indexesByName(stages: readonly ReferringStage[]): ReadonlyMap<string, number> {
  const known = namings.get(stages);
  if (known !== undefined) return known;
  const indexes = new Map<string, number>();
  for (const { index, from } of stages) {
    if (from.name !== undefined) indexes.set(from.name.text.toLowerCase(), index);
  }
  namings.set(stages, indexes);
  return indexes;
}

function nameOf(stage: ReferringStage | undefined): string {
  return stage?.from.name?.text.toLowerCase() ?? `stage-${stage?.index ?? 0}`;
}

function circular(stage: ReferringStage | undefined): SlipwayError {
  return new SlipwayError(
    'DOCKERFILE_INVALID',
    `circular dependency detected on stage: ${nameOf(stage)}`,
    { hint: 'a stage cannot take files from itself, nor two stages from each other' },
  );
}

function tooLate({ text, by }: SourceName, user: ReferringStage | undefined): SlipwayError {
  return new SlipwayError(
    'DOCKERFILE_INVALID',
    by.kind === 'copy'
      ? `cannot copy from stage "${text}", it needs to be defined before current stage "${nameOf(user)}"`
      : `cannot mount from stage "${text}" to "${by.target}", stage needs to be defined before current command`,
    { hint: 'name an earlier stage, or move that one up if it needs nothing from here' },
  );
}
