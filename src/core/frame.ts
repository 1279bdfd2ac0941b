/**
 * The source frame docker prints under a failed build (`Dockerfile:12`, rule, numbered lines with
 * `>>>`, rule), with a caret line under the exact place, and a diagnostic around it. Pure text: no
 * colours, no I/O.
 */
import type { Diagnostic } from './diagnostic.ts';
import { lineCount, lineText, positionAt, type Range, type SourceFile } from './source.ts';

const RULE = '--------------------';

/** So many lines at either end of a long stretch are shown, the others counted. */
const EDGE_LINES = 50;

/** Of a longer line a part is shown, with `…` where something is left out. */
const MAX_COLUMNS = 400;

/** So much of a long line stands in front of the caret. */
const COLUMNS_BEFORE = 100;

/**
 * The frame alone; for a failing RUN or a missing COPY source as for a diagnostic. `caret` is an
 * exact place within the marked lines, where that is not all of them.
 */
export function formatFrame(file: SourceFile, range: Range, caret: Range = range): string {
  const start = positionAt(file, range.start);
  const end = positionAt(file, Math.max(range.start, range.end - 1));
  const [from, to] = [
    positionAt(file, caret.start),
    positionAt(file, Math.max(caret.start, caret.end - 1)),
  ];
  const shown = padded({ first: start.line, last: end.line, count: lineCount(file) });
  const output = [`${file.name}:${start.line}`, RULE];
  let previous = shown.first - 1;
  for (const number of shownLines(shown, from.line)) {
    const omitted = number - previous - 1;
    if (omitted > 0) output.push(`     | >>> … ${omitted} more lines …`);
    previous = number;
    const marked = number >= start.line && number <= end.line;
    const line = windowOf(lineText(file, number), number === from.line ? from.column : 1);
    output.push(
      ` ${String(number).padStart(3)} | ${marked ? '>>>' : '   '} ${line.text}`.trimEnd(),
    );
    // One caret line: a range over many lines says enough with its `>>>`.
    if (number === from.line && from.line === to.line) {
      output.push(caretLine({ ...line, number, length: caret.end - caret.start }));
    }
  }
  output.push(RULE);
  return output.join('\n');
}

/** The frame, the message, and one line each for cause and fix where they are known. */
export function formatDiagnostic(diagnostic: Diagnostic, file: SourceFile): string {
  const output = [
    formatFrame(file, diagnostic.range),
    `${diagnostic.severity}: ${diagnostic.message}`,
  ];
  if (diagnostic.reason !== undefined) output.push(`cause: ${diagnostic.reason}`);
  if (diagnostic.hint !== undefined) output.push(`fix: ${diagnostic.hint}`);
  if (diagnostic.url !== undefined) output.push(`see: ${diagnostic.url}`);
  return output.join('\n');
}

/** Docker's padding: two lines around a single one, one line around several. */
function padded(lines: { first: number; last: number; count: number }): {
  first: number;
  last: number;
} {
  const around = lines.first === lines.last ? 2 : 1;
  return {
    first: Math.max(1, lines.first - around),
    last: Math.min(lines.count, lines.last + around),
  };
}

/** All line numbers of a frame, or of a long one those at its ends and around the caret. */
function* shownLines(lines: { first: number; last: number }, caret: number): Generator<number> {
  const tail = lines.last - EDGE_LINES + 1;
  for (let number = lines.first; number <= lines.last; number++) {
    const isEdge = number < lines.first + EDGE_LINES || number >= tail;
    if (!isEdge && number < caret - 2) number = Math.min(caret - 2, tail);
    else if (!isEdge && number > caret + 2) number = tail;
    yield number;
  }
}

/** As much of a line as is shown, and the column of the caret in it. */
interface Window {
  readonly text: string;
  readonly column: number;
  /** The end of what belongs to the line: a mark for what is left out may follow. */
  readonly end: number;
}

function windowOf(text: string, column: number): Window {
  if (text.length <= MAX_COLUMNS) return { text, column, end: text.length };
  const latest = text.length - MAX_COLUMNS;
  const start = Math.max(0, Math.min(column - 1 - COLUMNS_BEFORE, latest));
  const [before, after] = [start > 0 ? '…' : '', start < latest ? '…' : ''];
  const shown = `${before}${text.slice(start, start + MAX_COLUMNS)}`;
  return {
    // Half of a surrogate pair at either end is no text.
    text: `${shown}${after}`.toWellFormed(),
    column: column - start + before.length,
    end: shown.length,
  };
}

function caretLine(place: Window & { readonly number: number; readonly length: number }): string {
  const { text, column, end } = place;
  const gutter = ' '.repeat(Math.max(3, String(place.number).length) + 1);
  // Tabs are kept, so that the carets stand right whatever a tab is wide.
  const indent = text.slice(0, column - 1).replace(/[^\t]/g, ' ');
  const room = Math.max(1, end - column + 1);
  return `${gutter} |     ${indent}${'^'.repeat(Math.min(Math.max(1, place.length), room))}`;
}
