/**
 * NUL bytes in instructions. The kernel takes no command, variable, path or name that holds one:
 * docker fails at the step, or makes an image whose containers cannot start. Comments, labels and
 * files out of heredocs may hold them.
 */
import type { Range, SourceFile } from '#core/source.ts';
import type { Instruction, Operand } from './ast.ts';
import type { LogicalLine } from './lines.ts';

/** The first one of an instruction, where it cannot stay; of FROM docker's own complaint tells. */
export function nulByteIn(
  instruction: Instruction,
  { file, line }: { readonly file: SourceFile; readonly line: LogicalLine },
): Range | undefined {
  const { kind } = instruction;
  if (kind === 'from' || kind === 'label' || kind === 'maintainer') return undefined;
  const at = line.text.indexOf('\0');
  if (at >= 0) return line.range(at, at + 1);
  // Written as \u0000 it has the string for a place.
  const escaped = jsonStringsOf(instruction).find(({ text }) => text.includes('\0'));
  if (escaped !== undefined) return escaped.range;
  if (kind !== 'run') return undefined;
  for (const { range } of instruction.heredocs) {
    const start = file.text.slice(range.start, range.end).indexOf('\0') + range.start;
    if (start >= range.start) return { start, end: start + 1 };
  }
  return undefined;
}

/** Those that the build itself uses; of an image's CMD docker takes the escape. */
function jsonStringsOf(instruction: Instruction): readonly Operand[] {
  switch (instruction.kind) {
    case 'run':
      return instruction.command.form === 'exec' ? instruction.command.args : [];
    case 'shell':
      return instruction.args;
    case 'copy':
    case 'add':
      return [...instruction.sources, instruction.destination];
    default:
      return [];
  }
}
