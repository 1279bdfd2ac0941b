/**
 * hadolint's pragmas: `# hadolint ignore=DL3006,DL3008` above an instruction, and
 * `# hadolint global ignore=…` anywhere in front of an instruction. They may name any rule.
 */
import type { Range } from '#core/source.ts';
import type { Instruction } from '../ast.ts';
import { commentsAbove } from './comments.ts';
import type { Finding, LintSubject } from './rule.ts';

export interface InlineIgnores {
  isIgnored(rule: string, finding: Finding): boolean;
}

const PRAGMA = /^hadolint\s+(global\s+)?ignore\s*=\s*([\w,\s-]+)$/;

/** Undefined where the file has none, which is the rule. */
export function inlineIgnores(subject: LintSubject): InlineIgnores | undefined {
  const everywhere = new Set<string>();
  const local: { readonly range: Range; readonly names: ReadonlySet<string> }[] = [];
  for (const instruction of subject.dockerfile.instructions) {
    const names = new Set<string>();
    for (const { text } of commentsAbove(instruction, subject)) {
      const match = PRAGMA.exec(text);
      const listed = match?.[2]?.split(',').map((name) => name.trim()) ?? [];
      for (const name of listed) (match?.[1] === undefined ? names : everywhere).add(name);
    }
    if (names.size > 0) local.push({ range: withLines(instruction, subject), names });
  }
  if (everywhere.size === 0 && local.length === 0) return undefined;
  return {
    isIgnored: (rule, finding) => {
      if (everywhere.has(rule)) return true;
      const place = (finding.statement ?? finding.range).start;
      return local.some(
        ({ range, names }) => names.has(rule) && place >= range.start && place <= range.end,
      );
    },
  };
}

/** From the keyword up to the next instruction's: blank lines at the end belong to this one. */
function withLines({ range }: Instruction, { dockerfile }: LintSubject): Range {
  const next = dockerfile.instructions.find((other) => other.range.start > range.start);
  return { start: range.start, end: (next?.range.start ?? dockerfile.file.text.length + 1) - 1 };
}
