/**
 * What the grammar's actions need to turn tokens of one logical line into an instruction: operands
 * with their place in the file, the heredocs of the line, and a place to report problems. It knows
 * tokens only as pieces of text.
 */
import type { Diagnostic } from '#core/diagnostic.ts';
import { type Range, type SourceFile, spanOf } from '#core/source.ts';
import type { Heredoc, Operand } from './ast.ts';
import type { LogicalLine } from './lines.ts';

/** A token, as far as the tree cares. */
export interface Piece {
  readonly image: string;
  /** Within the logical line. */
  readonly startOffset: number;
}

export interface Problem {
  readonly code: string;
  /** Docker's words, without the line number. */
  readonly text: string;
  /** Default: the whole instruction. */
  readonly range?: Range;
  /**
   * Docker finds it while splitting lines: the text has no "dockerfile parse error" in front, and
   * it counts inside ONBUILD too.
   */
  readonly isSyntax?: boolean;
  readonly reason?: string;
  readonly hint: string;
}

export class InstructionContext {
  readonly diagnostics: Diagnostic[] = [];
  readonly #file: SourceFile;
  readonly #line: LogicalLine;
  readonly #heredocs: ReadonlyMap<number, Heredoc>;
  readonly #end: number;
  readonly #onlySyntax: boolean;

  /** `heredocs`: by the offset of their start in the line. */
  constructor(parts: {
    readonly file: SourceFile;
    readonly line: LogicalLine;
    readonly heredocs: ReadonlyMap<number, Heredoc>;
    /** Report syntax problems only: the rule for what stands behind ONBUILD. */
    readonly onlySyntax?: boolean;
  }) {
    this.#file = parts.file;
    this.#line = parts.line;
    this.#heredocs = parts.heredocs;
    this.#end = parts.line.text.trimEnd().length;
    this.#onlySyntax = parts.onlySyntax === true;
  }

  /** What every instruction has. */
  base(keyword: Piece): {
    readonly range: Range;
    readonly keyword: Operand;
    readonly source: string;
  } {
    const rest = this.#line.text.slice(keyword.startOffset + keyword.image.length, this.#end);
    return {
      range: this.range,
      keyword: this.operand(keyword),
      source: keyword.image.toUpperCase() + rest,
    };
  }

  /** From the first character to the last operand or heredoc terminator. */
  get range(): Range {
    const start = this.#line.text.length - this.#line.text.trimStart().length;
    const line = this.#line.range(Math.min(start, this.#end), this.#end);
    return [...this.#heredocs.values()].reduce(
      (range, { range: body }) => spanOf(range, body),
      line,
    );
  }

  operand(piece: Piece): Operand {
    const end = piece.startOffset + piece.image.length;
    return { text: piece.image, range: this.#line.range(piece.startOffset, end) };
  }

  /** From the first piece to the last, with everything between as written; empty at the line's end. */
  text(pieces: readonly Piece[]): Operand {
    const first = pieces[0];
    const last = pieces.at(-1);
    if (first === undefined || last === undefined) return this.emptyAt(this.#end);
    return this.operand({
      image: this.#line.text.slice(first.startOffset, last.startOffset + last.image.length),
      startOffset: first.startOffset,
    });
  }

  /** A JSON string: decoded text, the place with its quotes. */
  jsonString(piece: Piece): Operand {
    return { ...this.operand(piece), text: String(JSON.parse(piece.image)) };
  }

  emptyAt(offset: number): Operand {
    return { text: '', range: this.#line.range(offset, offset) };
  }

  /** The heredocs that these pieces start, in order; one without an end is missing. */
  heredocs(pieces: readonly Piece[]): readonly Heredoc[] {
    return pieces.flatMap((piece) => this.#heredocs.get(piece.startOffset) ?? []);
  }

  /** An ONBUILD trigger as it goes into the image: its line, and heredoc bodies as written. */
  trigger(pieces: readonly Piece[]): Operand {
    const line = this.text(pieces);
    const bodies = this.heredocs(pieces);
    return bodies.reduce<Operand>(
      ({ text, range }, body) => ({
        text: `${text}\n${this.#file.text.slice(body.range.start, body.range.end)}`,
        range: spanOf(range, body.range),
      }),
      line,
    );
  }

  report(problem: Problem): void {
    if (this.#onlySyntax && problem.isSyntax !== true) return;
    const prefix =
      problem.isSyntax === true ? '' : `dockerfile parse error on line ${this.#line.number}: `;
    this.diagnostics.push({
      code: problem.code,
      severity: 'error',
      message: prefix + problem.text,
      range: problem.range ?? this.range,
      ...(problem.reason !== undefined && { reason: problem.reason }),
      hint: problem.hint,
    });
  }

  warn(warning: { code: string; message: string; range: Range; hint: string }): void {
    if (!this.#onlySyntax) this.diagnostics.push({ ...warning, severity: 'warning' });
  }
}
