/**
 * Finds words whose `${a:-${b:-…}}` are nested beyond our limit. That is text nobody wrote by hand,
 * so it is refused where it stands, before anything expands it.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import type { Instruction, Operand } from './ast.ts';
import { type Expandable, operandsOf } from './operands.ts';
import { MAX_NESTING, tryExpand } from './words.ts';

const NO_NAMES: ReadonlyMap<string, string> = new Map();

/** The words of an instruction that are too deep. `escapeCharacter`: the file's. */
export function nestedTooDeep(
  instruction: Instruction,
  escapeCharacter: '\\' | '`',
): readonly { readonly operand: Operand; readonly hint: string; readonly text: string }[] {
  return wordsOf(instruction).flatMap(({ operand, ...how }) => {
    // Few words hold that many references: the others need no look.
    if (operand.text.split('${', MAX_NESTING + 1).length <= MAX_NESTING) return [];
    const result = tryExpand(operand.text, { escape: escapeCharacter, ...how, env: NO_NAMES });
    if (!('kind' in result) || result.kind !== 'depth') return [];
    return [
      {
        operand,
        hint: result.hint,
        text: `substitutions are nested more than ${MAX_NESTING} deep`,
      },
    ];
  });
}

function wordsOf(instruction: Instruction): readonly Expandable[] {
  if (instruction.kind === 'from') {
    const { image, platform } = instruction;
    return [image, platform].flatMap((operand) => (operand ? [{ operand }] : []));
  }
  if (instruction.kind !== 'arg') return operandsOf(instruction);
  return instruction.args.flatMap(({ value }) => (value ? [{ operand: value }] : []));
}
