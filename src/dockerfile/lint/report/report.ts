/** What every reporter gets and gives: findings of files in, one text out. Nothing is printed. */
import type { Severity } from '#core/diagnostic.ts';
import type { Position, SourceFile } from '#core/source.ts';
import type { Reported } from '../rule.ts';

export interface FileReport {
  readonly file: SourceFile;
  readonly reported: readonly Reported[];
}

export interface ReportOptions {
  /** Slipway's, for formats that name the tool. */
  readonly version: string;
  /** For a terminal that shows them; default none. */
  readonly colours?: boolean;
}

/** The whole output, its last newline included. */
export type Reporter = (reports: readonly FileReport[], options: ReportOptions) => string;

export function severityOf({ rule, severity }: Reported): Severity {
  return severity ?? rule.severity;
}

/** What happened and what to do, in one text. */
export function fullMessage({ finding }: Reported): string {
  const { message, hint } = finding;
  return hint === undefined ? message : `${message.replace(/\.$/, '')}. ${hint}`;
}

export interface Place {
  readonly start: Position;
  /** Exclusive, as the range's end is. */
  readonly end: Position;
}

/** A finding with its lines and columns, in the order of the file. */
export interface Placed {
  readonly reported: Reported;
  readonly place: Place;
}

export function placed(report: FileReport): readonly Placed[] {
  const lines = new LineTable(report.file.text);
  return report.reported
    .toSorted((left, right) => left.finding.range.start - right.finding.range.start)
    .map((reported) => ({ reported, place: lines.place(reported.finding.range) }));
}

/** Line starts, searched by halves: a file may have many findings. */
export class LineTable {
  readonly #starts: readonly number[];

  constructor(text: string) {
    const starts = [0];
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#starts = starts;
  }

  place(range: { readonly start: number; readonly end: number }): Place {
    return { start: this.#position(range.start), end: this.#position(range.end) };
  }

  #position(offset: number): Position {
    let low = 0;
    for (let high = this.#starts.length - 1; low < high; ) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }
}
