/**
 * Ignores in comments: `# check=skip=StageNameCasing` and `# hadolint ignore=DL3006,DL3008` above an
 * instruction, and `# hadolint global ignore=…` anywhere in front of one. Both kinds may name any
 * rule; `# check=` on the file's first lines is the directive and not read here.
 */
import type { Range } from '#core/source.ts';
import type { Instruction } from '../ast.ts';
import { commentsAbove } from './comments.ts';
import type { Finding, LintSubject } from './rule.ts';

export interface InlineIgnores {
  isIgnored(rule: string, finding: Finding): boolean;
  /** What `# check=skip=` names, each with its comment. Hadolint has rules that are none of ours. */
  readonly skipped: readonly { readonly rule: string; readonly range: Range }[];
}

const PRAGMA =
  /^(?:hadolint\s+(?<global>global\s+)?ignore|check\s*=\s*skip)\s*=\s*(?<names>[\w,\s-]+)$/;

/** Undefined where the file has none, which is the rule. */
export function inlineIgnores(subject: LintSubject): InlineIgnores | undefined {
  const { instructions } = subject.dockerfile;
  const everywhere = new Set<string>();
  const skipped: { rule: string; range: Range }[] = [];
  /** By the instruction's index. */
  const local = new Map<number, Set<string>>();
  for (const [index, instruction] of instructions.entries()) {
    for (const { text, range } of commentsAbove(instruction, subject)) {
      const pragma = PRAGMA.exec(text)?.groups;
      if (pragma?.names === undefined) continue;
      const names = pragma.global === undefined ? (local.get(index) ?? new Set()) : everywhere;
      if (names !== everywhere) local.set(index, names);
      const listed = pragma.names.split(',').map((name) => name.trim());
      for (const name of listed) names.add(name);
      if (text.startsWith('check')) skipped.push(...listed.map((rule) => ({ rule, range })));
    }
  }
  if (everywhere.size === 0 && local.size === 0) return undefined;
  return {
    skipped,
    isIgnored: (rule, finding) => {
      const place = (finding.statement ?? finding.range).start;
      const names = local.get(instructionAt(place, instructions));
      return everywhere.has(rule) || names?.has(rule) === true || names?.has('all') === true;
    },
  };
}

/** The last instruction that starts at or before a place; -1 in front of the first. */
function instructionAt(place: number, instructions: readonly Instruction[]): number {
  let low = -1;
  for (let high = instructions.length - 1; low < high; ) {
    const middle = (low + high + 1) >> 1;
    if ((instructions[middle]?.range.start ?? 0) <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}
