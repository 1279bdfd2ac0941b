/**
 * The comma-separated fields of a `RUN --mount` value with the place of each key and value. Only
 * the CSV is judged here (one record of RFC 4180, as Go reads it); what keys mean, run-mount.ts
 * knows.
 */

import type { Operand } from './ast.ts';

/** A piece of the value; offsets are into it. */
export interface Slice {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface MountField {
  /** `key=value` with the quotes of the CSV resolved. */
  readonly whole: Slice;
  /** In lower case: docker reads keys so. */
  readonly key: Slice;
  /** Absent without `=`. */
  readonly value?: Slice;
}

export interface CsvProblem {
  /** In the words of Go's CSV reader. */
  readonly error: string;
  readonly start: number;
  readonly end: number;
}

/** All fields in order, or what is wrong with the CSV. */
export function splitMountFields(text: string): readonly MountField[] | CsvProblem {
  if (text === '') return { error: 'EOF', start: 0, end: 0 };
  const fields: MountField[] = [];
  for (let at = 0; at <= text.length; ) {
    const read = text[at] === '"' ? readQuoted(text, at) : readPlain(text, at);
    if ('error' in read) return read;
    fields.push(fieldOf(read));
    at = read.next;
  }
  return fields;
}

/** The values in order; none where the CSV is wrong. */
export function mountValues(text: string): readonly Slice[] {
  const fields = splitMountFields(text);
  return 'error' in fields ? [] : fields.flatMap(({ value }) => value ?? []);
}

/** What `from` names. */
export function mountOrigin(text: string): Slice | undefined {
  const fields = splitMountFields(text);
  return 'error' in fields ? undefined : fields.find(({ key }) => key.text === 'from')?.value;
}

/** The same with its place in the file; where quotes or continuations are in the way, all of it. */
export function placedOrigin({ text, range }: Operand): Operand | undefined {
  const origin = mountOrigin(text);
  if (origin === undefined) return undefined;
  const isVerbatim = range.end - range.start === text.length;
  const place = { start: range.start + origin.start, end: range.start + origin.end };
  return { text: origin.text, range: isVerbatim ? place : range };
}

/** Where it goes. */
export function mountTarget(text: string): Slice | undefined {
  const fields = splitMountFields(text);
  if ('error' in fields) return undefined;
  return fields.findLast(({ key }) => TARGETS.has(key.text))?.value;
}

const TARGETS: ReadonlySet<string> = new Set(['target', 'dst', 'destination']);

/** The text of one field, the offset of each of its characters, and where the next one starts. */
interface RawField {
  readonly text: string;
  readonly offsets: readonly number[];
  readonly start: number;
  readonly next: number;
}

function readPlain(text: string, start: number): RawField | CsvProblem {
  const comma = text.indexOf(',', start);
  const end = comma < 0 ? text.length : comma;
  const field = text.slice(start, end);
  const quote = field.indexOf('"');
  if (quote >= 0) return badQuote('bare " in non-quoted field', start + quote);
  const offsets = Array.from({ length: field.length }, (_, index) => start + index);
  return { text: field, offsets, start, next: end + 1 };
}

/** `"a,""b"`: commas are text, two quotes are one. */
function readQuoted(text: string, start: number): RawField | CsvProblem {
  let field = '';
  const offsets: number[] = [];
  for (let at = start + 1; at < text.length; at++) {
    const isQuote = text[at] === '"';
    if (isQuote && text[at + 1] !== '"') {
      const isEnd = at + 1 === text.length || text[at + 1] === ',';
      if (!isEnd) return badQuote('extraneous or missing " in quoted-field', at);
      return { text: field, offsets, start, next: at + 2 };
    }
    if (isQuote) at++;
    field += text[at];
    offsets.push(at);
  }
  return badQuote('extraneous or missing " in quoted-field', text.length);
}

function badQuote(what: string, at: number): CsvProblem {
  return { error: `parse error on line 1, column ${at + 1}: ${what}`, start: at, end: at + 1 };
}

function fieldOf({ text, offsets, start }: RawField): MountField {
  const slice = (from: number, to: number): Slice => {
    const first = offsets[from] ?? (offsets.at(-1) ?? start - 1) + 1;
    const end = to > from ? (offsets[to - 1] ?? first) + 1 : first;
    return { text: text.slice(from, to), start: first, end };
  };
  const whole = slice(0, text.length);
  const equals = text.indexOf('=');
  const key = slice(0, equals < 0 ? text.length : equals);
  return {
    whole,
    key: { ...key, text: key.text.toLowerCase() },
    ...(equals >= 0 && { value: slice(equals + 1, text.length) }),
  };
}
