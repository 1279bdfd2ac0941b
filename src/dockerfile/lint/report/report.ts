/** What every reporter gets and gives: findings of files in, one text out. Nothing is printed. */
import type { Severity } from '#core/diagnostic.ts';
import { type Position, positionAt, type Range, type SourceFile } from '#core/source.ts';
import type { Reported } from '../rule.ts';

export interface FileReport {
  readonly file: SourceFile;
  readonly reported: readonly Reported[];
}

/** As much of it as reports for CI systems need; a build's error is one, too. */
export interface FileFindings {
  readonly file: SourceFile;
  readonly reported: readonly Found[];
}

export interface Found {
  readonly rule: { readonly name: string; readonly severity: Severity };
  readonly severity?: Severity;
  readonly finding: { readonly message: string; readonly hint?: string; readonly range: Range };
}

export interface ReportOptions {
  /** Slipway's, for formats that name the tool. */
  readonly version: string;
  /** For a terminal that shows them; default none. */
  readonly colours?: boolean;
}

/** The whole output, its last newline included. */
export type Reporter = (reports: readonly FileReport[], options: ReportOptions) => string;

export function severityOf({ rule, severity }: Found): Severity {
  return severity ?? rule.severity;
}

/** What happened and what to do, in one text. */
export function fullMessage({ finding }: Found): string {
  const { message, hint } = finding;
  return hint === undefined ? message : `${message.replace(/\.$/, '')}. ${hint}`;
}

export interface Place {
  readonly start: Position;
  /** Exclusive, as the range's end is. */
  readonly end: Position;
}

/** A finding with its lines and columns, in the order of the file. */
export interface Placed<F extends Found = Found> {
  readonly reported: F;
  readonly place: Place;
}

export function placed<F extends Found>(report: {
  readonly file: SourceFile;
  readonly reported: readonly F[];
}): readonly Placed<F>[] {
  return report.reported
    .toSorted((left, right) => left.finding.range.start - right.finding.range.start)
    .map((reported) => ({ reported, place: placeOf(report.file, reported.finding.range) }));
}

export function placeOf(file: SourceFile, range: Range): Place {
  return { start: positionAt(file, range.start), end: positionAt(file, range.end) };
}
