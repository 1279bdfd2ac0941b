/**
 * The comments in front of each instruction: descriptions (`# name what it is`) and inline
 * ignores. An empty comment cuts off what is above it, as for docker; a blank line does not.
 * Parser directives are no comments.
 */
import type { Instruction, Operand } from '../ast.ts';
import type { LintSubject } from './rule.ts';

type Subject = Pick<LintSubject, 'dockerfile'>;

const cache = new WeakMap<
  LintSubject['dockerfile'],
  ReadonlyMap<Instruction, readonly Operand[]>
>();

/** The comments above an instruction, from top to bottom; the text is without `#`. */
export function commentsAbove(
  instruction: Instruction,
  { dockerfile }: Subject,
): readonly Operand[] {
  let known = cache.get(dockerfile);
  if (known === undefined) {
    known = readComments(dockerfile);
    cache.set(dockerfile, known);
  }
  return known.get(instruction) ?? [];
}

function readComments({
  file,
  instructions,
}: LintSubject['dockerfile']): ReadonlyMap<Instruction, readonly Operand[]> {
  const comments = new Map<Instruction, readonly Operand[]>();
  let offset = endOfDirectives(file.text);
  for (const instruction of instructions) {
    const { start, end } = instruction.range;
    const gap = file.text.slice(offset, start);
    // Mostly there is a newline and no more.
    if (gap.includes('#')) comments.set(instruction, commentsIn(gap, offset));
    offset = end;
  }
  return comments;
}

const DIRECTIVES = /^\uFEFF?(?:[ \t]*#[ \t]*(?:syntax|escape|check)[ \t]*=[ \t]*\S.*(?:\n|$))*/i;

function endOfDirectives(text: string): number {
  return DIRECTIVES.exec(text)?.[0].length ?? 0;
}

/** `gap`: the text in front of an instruction, which starts at this offset. */
function commentsIn(gap: string, from: number): Operand[] {
  let comments: Operand[] = [];
  let offset = from;
  for (const line of gap.split('\n')) {
    const match = /^(\s*)#\s*(.*?)\s*$/.exec(line);
    const comment = match?.[2];
    if (comment === '') comments = [];
    else if (match && comment !== undefined) {
      const start = offset + (match[1]?.length ?? 0);
      comments.push({ text: comment, range: { start, end: offset + line.trimEnd().length } });
    } else if (line.trim() !== '') {
      // An instruction that could not be parsed: what is above it is not ours.
      comments = [];
    }
    offset += line.length + 1;
  }
  return comments;
}
