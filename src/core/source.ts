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

/** A file may have thousands of places that are asked for: its lines are found once. */
const lineStarts = new WeakMap<SourceFile, readonly number[]>();

/** Line and column of an offset. Offsets past the end give the end. */
export function positionAt(file: SourceFile, offset: number): Position {
  const starts = startsOf(file);
  const place = Math.min(offset, file.text.length);
  let low = 0;
  for (let high = starts.length - 1; low < high; ) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= place) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: place - (starts[low] ?? 0) + 1 };
}

/** How many lines there are; a newline at the end begins one more. */
export function lineCount(file: SourceFile): number {
  return startsOf(file).length;
}

/** A line by its one-based number, without its line end; empty past the last one. */
export function lineText(file: SourceFile, line: number): string {
  const starts = startsOf(file);
  const end = (starts[line] ?? file.text.length + 1) - 1;
  return file.text.slice(starts[line - 1] ?? end, end).replace(/\r$/, '');
}

function startsOf(file: SourceFile): readonly number[] {
  const known = lineStarts.get(file);
  if (known !== undefined) return known;
  const starts = [0];
  const { text } = file;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  lineStarts.set(file, starts);
  return starts;
}

/** The smallest range that covers both. */
export function spanOf(first: Range, last: Range): Range {
  return { start: Math.min(first.start, last.start), end: Math.max(first.end, last.end) };
}
