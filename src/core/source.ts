/**
 * Source text with positions. A Range is a pair of UTF-16 offsets into `SourceFile.text`, end
 * exclusive; lines and columns are derived, one-based, for people.
 */

export interface SourceFile {
  /** As the user named it, for messages. */
  readonly name: string;
  readonly text: string;
}

export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface Position {
  /** One-based. */
  readonly line: number;
  /** One-based, in UTF-16 units. */
  readonly column: number;
}

/** Line and column of an offset. Offsets past the end give the end. */
export function positionAt(file: SourceFile, offset: number): Position {
  const before = file.text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: before.length - before.lastIndexOf('\n') };
}

/** The smallest range that covers both. */
export function spanOf(first: Range, last: Range): Range {
  return { start: Math.min(first.start, last.start), end: Math.max(first.end, last.end) };
}
