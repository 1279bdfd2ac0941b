/** Binds word expansion to an environment and the file's escape character. */
import type { Directives, Operand } from '#dockerfile/ast.ts';
import { expandWord } from '#dockerfile/words.ts';
import type { Expand } from './instructions/metadata.ts';

export function expander(
  env: ReadonlyMap<string, string>,
  escapeCharacter: Directives['escape'],
): Expand {
  return (operand: Operand) => expandWord(operand.text, { env, escape: escapeCharacter });
}
