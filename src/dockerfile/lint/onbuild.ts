/**
 * The triggers a base stage of the same file leaves to the stages built upon it, parsed: they set
 * variables like any other instruction.
 */
import type { Instruction } from '../ast.ts';
import { parseDockerfile } from '../parser.ts';
import type { LintSubject } from './rule.ts';

/** In order; a trigger that is wrong is the parser's to report. */
export function triggersOf(
  instructions: readonly Instruction[],
  { dockerfile }: LintSubject,
): Instruction[] {
  return instructions.flatMap((instruction) =>
    instruction.kind !== 'onbuild'
      ? []
      : parseDockerfile(
          { name: dockerfile.file.name, text: instruction.trigger.text },
          { fragment: true },
        ).instructions,
  );
}
