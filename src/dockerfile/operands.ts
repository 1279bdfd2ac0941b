/**
 * Which operands of an instruction docker expands, and how. Not in CMD, ENTRYPOINT, SHELL,
 * HEALTHCHECK, and not the command of RUN: there the shell does it. ARG is special and not here.
 *
 * Spec: Dockerfile reference, "Environment replacement".
 */
import type { Instruction, Operand } from './ast.ts';
import { mountValues } from './mount-fields.ts';
import type { ExpandOptions } from './words.ts';

export interface Expandable extends Pick<ExpandOptions, 'ignoreQuotes' | 'escape'> {
  readonly operand: Operand;
}

export function operandsOf(instruction: Instruction): readonly Expandable[] {
  switch (instruction.kind) {
    case 'env':
    case 'label':
      return instruction.pairs.flatMap(({ key, value }) => plain([key, value]));
    case 'copy':
      return [
        ...plain([instruction.chown, instruction.chmod]),
        ...plain([...instruction.sources, instruction.destination]),
        ...bodies(instruction.heredocs),
      ];
    case 'add':
      return [
        ...plain([instruction.chown, instruction.chmod, instruction.checksum]),
        ...plain([...instruction.sources, instruction.destination]),
        ...bodies(instruction.heredocs),
      ];
    case 'run':
      return plain(instruction.mounts.flatMap(mountOperands));
    case 'workdir':
      return plain([instruction.path]);
    case 'user':
      return plain([instruction.user]);
    case 'expose':
      return plain(instruction.ports);
    case 'volume':
      return plain(instruction.paths);
    case 'stopsignal':
      return plain([instruction.signal]);
    default:
      return [];
  }
}

/** No rest parameter: there may be more operands than a call takes arguments. */
function plain(operands: readonly (Operand | undefined)[]): Expandable[] {
  return operands.filter((operand) => operand !== undefined).map((operand) => ({ operand }));
}

/** In a heredoc a quote is a character like any other, and the backslash escapes in every file. */
function bodies(
  heredocs: readonly { content: string; literal: boolean; range: Operand['range'] }[],
): Expandable[] {
  return heredocs
    .filter(({ literal }) => !literal)
    .map(({ content, range }) => ({
      operand: { text: content, range },
      ignoreQuotes: true,
      escape: '\\',
    }));
}

/** The values of a mount's fields: `type=cache,target=$DIR`. */
function mountOperands({ text, range }: Operand): Operand[] {
  const isVerbatim = range.end - range.start === text.length;
  return mountValues(text).map((value) => ({
    text: value.text,
    range: isVerbatim ? { start: range.start + value.start, end: range.start + value.end } : range,
  }));
}
