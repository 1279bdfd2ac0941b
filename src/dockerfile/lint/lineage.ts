/**
 * What rules ask about a stage and the stages it is built upon, and where a stage is mentioned.
 * Computed once for a file, in one pass: files may have thousands of stages.
 */
import type { Instruction, Operand } from '../ast.ts';
import { placedOrigin } from '../mount-fields.ts';
import type { Stage, Stages } from '../stages.ts';

export interface Lineage {
  /** The earlier stage that FROM names; absent when the base is an image. */
  readonly parent?: Stage;
  /** Kinds of instructions in this stage and in those it is built upon. */
  readonly kinds: ReadonlySet<Instruction['kind']>;
}

const cache = new WeakMap<Stages, ReadonlyMap<Stage, Lineage>>();

export function lineageOf(stage: Stage, stages: Stages): Lineage {
  let known = cache.get(stages);
  if (known === undefined) {
    known = computeLineage(stages);
    cache.set(stages, known);
  }
  return known.get(stage) ?? { kinds: new Set() };
}

function computeLineage({ stages }: Stages): ReadonlyMap<Stage, Lineage> {
  const known = new Map<Stage, Lineage>();
  const byName = new Map<string, Stage>();
  for (const stage of stages) {
    // In capitals it is refused, and still what was meant: no image is named so.
    const parent = byName.get(stage.base.text.toLowerCase());
    const inherited = (parent && known.get(parent)?.kinds) ?? [];
    const kinds = new Set([...inherited, ...stage.instructions.map(({ kind }) => kind)]);
    known.set(stage, { ...(parent && { parent }), kinds });
    if (stage.name !== undefined) byName.set(stage.name, stage);
  }
  return known;
}

export interface Mentions {
  /** How many stages have the name. */
  readonly definitions: number;
  /** `AS`, FROM, `COPY --from`, `RUN --mount=…,from=` (the name within the flag's value). */
  readonly places: readonly Operand[];
}

const mentionCache = new WeakMap<Stages, ReadonlyMap<string, Mentions>>();

/** Every place that defines or uses a stage by this name (lower case), in order. */
export function mentionsOf(name: string, stages: Stages): Mentions {
  let known = mentionCache.get(stages);
  if (known === undefined) {
    known = computeMentions(stages);
    mentionCache.set(stages, known);
  }
  return known.get(name) ?? { definitions: 0, places: [] };
}

function computeMentions({ stages }: Stages): ReadonlyMap<string, Mentions> {
  const found = new Map<string, { definitions: number; places: Operand[] }>();
  const add = (place: Operand, isDefinition = false): void => {
    const name = place.text.toLowerCase();
    const entry = found.get(name) ?? { definitions: 0, places: [] };
    entry.places.push(place);
    if (isDefinition) entry.definitions++;
    found.set(name, entry);
  };
  for (const stage of stages) {
    add(stage.base);
    if (stage.from.name !== undefined) add(stage.from.name, true);
    for (const instruction of stage.instructions) {
      if (instruction.kind === 'copy' && instruction.from) add(instruction.from);
      if (instruction.kind !== 'run') continue;
      for (const mount of instruction.mounts.flatMap((one) => placedOrigin(one) ?? [])) {
        add(mount);
      }
    }
  }
  return found;
}
