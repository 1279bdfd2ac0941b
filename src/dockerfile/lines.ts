/**
 * Physical lines joined into logical ones, as docker does it: a line that ends in the escape
 * character goes on in the next; comments and blank lines inside are dropped; only the first line
 * loses its leading blanks. A logical line remembers where each of its characters came from.
 * It knows nothing of instructions; heredoc bodies are read on request.
 */
import type { Range } from '#core/source.ts';

/** Docker's limit for one physical line, in bytes without the newline. */
export const MAX_LINE_BYTES = 65_535;

/** A stretch of a logical line and the place of its first character in the file. */
interface Segment {
  readonly from: number;
  readonly source: number;
}

export class LogicalLine {
  readonly text: string;
  /** One-based number of its first physical line. */
  readonly number: number;
  /** Blank lines inside, which docker means to forbid one day. */
  readonly blanks: readonly Range[];
  readonly #segments: readonly Segment[];

  constructor(parts: {
    readonly text: string;
    readonly number: number;
    readonly segments: readonly Segment[];
    readonly blanks: readonly Range[];
  }) {
    this.text = parts.text;
    this.number = parts.number;
    this.blanks = parts.blanks;
    this.#segments = parts.segments;
  }

  /** The place in the file of `text.slice(start, end)`. */
  range(start: number, end: number): Range {
    if (start >= end) {
      const place = this.#place(start);
      return { start: place, end: place };
    }
    return { start: this.#place(start), end: this.#place(end - 1) + 1 };
  }

  #place(offset: number): number {
    let low = 0;
    for (let high = this.#segments.length - 1; low < high; ) {
      const middle = (low + high + 1) >> 1;
      if ((this.#segments[middle]?.from ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    const segment = this.#segments[low] ?? { from: 0, source: 0 };
    return segment.source + offset - segment.from;
  }
}

interface PhysicalLine {
  readonly number: number;
  readonly start: number;
  /** Without the line end. */
  readonly end: number;
  /** Start of the next line. */
  readonly next: number;
}

export interface HeredocBody {
  /** As written, without the terminator's line. */
  readonly content: string;
  /** With the terminator. */
  readonly range: Range;
}

export class LineReader {
  readonly #text: string;
  readonly #escapeCharacter: string;
  readonly #tooLong: Range[] = [];
  /** Once a terminator was missing: where each line stands last, so that no other is looked for. */
  #lastPlaces: LastPlaces | undefined;
  #offset: number;
  #number = 0;

  /** A byte order mark at the start is skipped. */
  constructor(text: string, escapeCharacter: string) {
    this.#text = text;
    this.#escapeCharacter = escapeCharacter;
    this.#offset = text.startsWith('\uFEFF') ? 1 : 0;
  }

  /** Lines so far that are longer than docker takes. */
  get tooLong(): readonly Range[] {
    return this.#tooLong;
  }

  /** The next logical line that is not blank and no comment; undefined at the end. */
  readLine(): LogicalLine | undefined {
    for (let line = this.#nextLine(); line !== undefined; line = this.#nextLine()) {
      const raw = this.#text.slice(line.start, line.end);
      const start = line.start + raw.length - raw.trimStart().length;
      if (start === line.end || this.#text[start] === '#') continue;
      return this.#join({ ...line, start });
    }
    return undefined;
  }

  /**
   * Reads a heredoc body that starts at the next line. Without a terminator nothing is read and the
   * answer is undefined.
   */
  readHeredoc(heredoc: {
    readonly name: string;
    readonly chomp: boolean;
  }): HeredocBody | undefined {
    if (this.#lacks(heredoc)) return undefined;
    const start = this.#offset;
    const number = this.#number;
    for (let line = this.#nextLine(); line !== undefined; line = this.#nextLine()) {
      const raw = this.#text.slice(line.start, line.end);
      if ((heredoc.chomp ? raw.replace(/^\t+/, '') : raw) === heredoc.name) {
        return {
          content: this.#text.slice(start, line.start),
          range: { start, end: line.end },
        };
      }
    }
    this.#offset = start;
    this.#number = number;
    this.#lastPlaces ??= lastPlacesOf(this.#text);
    return undefined;
  }

  #lacks({ name, chomp }: { readonly name: string; readonly chomp: boolean }): boolean {
    if (this.#lastPlaces === undefined) return false;
    const places = chomp ? this.#lastPlaces.chomped : this.#lastPlaces.plain;
    return (places.get(name) ?? -1) < this.#offset;
  }

  /** Skips lines up to the next one that `isWanted`. */
  skipUntil(isWanted: (line: string) => boolean): void {
    for (;;) {
      const line = this.#nextLine();
      if (line === undefined) return;
      if (isWanted(this.#text.slice(line.start, line.end))) {
        this.#offset = line.start;
        this.#number = line.number - 1;
        return;
      }
    }
  }

  #join(first: PhysicalLine): LogicalLine {
    let text = '';
    const segments: Segment[] = [];
    const blanks: Range[] = [];
    let current: PhysicalLine | undefined = first;
    while (current !== undefined) {
      const raw = this.#text.slice(current.start, current.end);
      const isInner = current !== first;
      if (isInner && raw.trimStart().startsWith('#')) {
        current = this.#nextLine();
        continue;
      }
      if (isInner && raw.trim() === '') {
        blanks.push({ start: current.start, end: current.end });
        current = this.#nextLine();
        continue;
      }
      const kept = continued(raw, this.#escapeCharacter);
      segments.push({ from: text.length, source: current.start });
      text += kept ?? raw;
      if (kept === undefined) break;
      current = this.#nextLine();
    }
    return new LogicalLine({ text, number: first.number, segments, blanks });
  }

  #nextLine(): PhysicalLine | undefined {
    const start = this.#offset;
    if (start >= this.#text.length) return undefined;
    const newline = this.#text.indexOf('\n', start);
    const next = newline < 0 ? this.#text.length : newline + 1;
    let end = newline < 0 ? this.#text.length : newline;
    while (end > start && this.#text[end - 1] === '\r') end--;
    this.#offset = next;
    const number = ++this.#number;
    if (
      end - start > MAX_LINE_BYTES / 3 &&
      byteLength(this.#text.slice(start, end)) > MAX_LINE_BYTES
    ) {
      this.#noteTooLong({ start, end });
    }
    return { number, start, end, next };
  }

  /** A line may be read twice, when a heredoc turns out to have no end. */
  #noteTooLong(range: Range): void {
    if (!this.#tooLong.some(({ start }) => start === range.start)) this.#tooLong.push(range);
  }
}

/** The offset of the last line with a text; `chomped`: its leading tabs taken off. */
interface LastPlaces {
  readonly plain: ReadonlyMap<string, number>;
  readonly chomped: ReadonlyMap<string, number>;
}

function lastPlacesOf(text: string): LastPlaces {
  const plain = new Map<string, number>();
  const chomped = new Map<string, number>();
  let offset = 0;
  for (const line of text.split('\n')) {
    const content = line.replace(/\r+$/, '');
    plain.set(content, offset);
    chomped.set(content.replace(/^\t+/, ''), offset);
    offset += line.length + 1;
  }
  return { plain, chomped };
}

/**
 * The line without its continuation mark, or undefined when it has none: the escape character at
 * the end, blanks allowed behind it, unless another one stands before it.
 */
function continued(line: string, escapeCharacter: string): string | undefined {
  const trimmed = line.replace(/[ \t]+$/, '');
  if (!trimmed.endsWith(escapeCharacter)) return undefined;
  const kept = trimmed.slice(0, -1);
  return kept.endsWith(escapeCharacter) ? undefined : kept;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
