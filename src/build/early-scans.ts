/**
 * Folders of the context that a build is sure to copy, scanned while it still looks for its bases and
 * checks its Dockerfile: the helper walks on another processor. Nothing is decided here; a step asks for
 * the same folder later and finds the scan under way or done.
 */
import type { Instruction } from '#dockerfile/ast.ts';
import type { ContextSource } from './context.ts';
import type { BuildPlan } from './plan.ts';
import { nodesOf } from './sources.ts';

/** What is wrong with a source is said where its step is. */
export async function scanEarly(plan: BuildPlan, context: ContextSource): Promise<void> {
  const groups = plan.stages
    .filter(({ index }) => plan.needed.has(index))
    .flatMap(({ instructions }) => instructions.flatMap(foldersIn));
  if (groups.length === 0) return;
  try {
    const from = await context.tree();
    for (const source of groups) {
      const nodes = nodesOf({ from, sources: [source] }).map(({ at }) => at.node);
      await from.prepare?.(nodes.filter(({ kind }) => kind === 'directory'));
    }
  } catch {
    // The step that takes it meets the same, and knows its line.
  }
}

/** Sources that are no other's and hold no variable. */
function foldersIn(instruction: Instruction): readonly string[] {
  if (instruction.kind !== 'copy' && instruction.kind !== 'add') return [];
  if (instruction.kind === 'copy' && (instruction.from || instruction.parents)) return [];
  return instruction.sources.map(({ text }) => text).filter((text) => !/[$\\'"]|:\/\//.test(text));
}
