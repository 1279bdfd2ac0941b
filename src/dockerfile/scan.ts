/**
 * Where the words of a logical line end: the scanners behind the lexer's custom tokens. Three
 * kinds of words, each with docker's own rules: shell words of RUN and heredocs, assignment words
 * of ENV, LABEL and ARG, and `--flag` words. Positions are offsets into the logical line.
 */
import { expandWords } from './words.ts';

/**
 * The end of the shell word at `start`, or undefined when a quote stays open. Blanks behind `<<`
 * belong to the word: `<< EOF` is one.
 */
export function shellWordEnd(text: string, start: number): number | undefined {
  let at = start;
  while (at < text.length) {
    const character = text[at] ?? '';
    if (/\s/.test(character)) return at;
    if (character === '\\') at += 2;
    else if (character === "'" || character === '"') {
      const end = quoteEnd(text, at);
      if (end === undefined) return undefined;
      at = end;
    } else if (text.startsWith('<<', at)) {
      at += 2;
      while (text[at] === ' ' || text[at] === '\t') at++;
    } else at++;
  }
  return Math.min(at, text.length);
}

/** The offset behind the quote that closes the one at `start`. */
function quoteEnd(text: string, start: number): number | undefined {
  const quote = text[start];
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === quote) return at + 1;
    if (text[at] === '\\' && quote === '"') at++;
  }
  return undefined;
}

/** Whether every quote from `start` on is closed; with an open one docker sees no heredocs. */
export function quotesClose(text: string, start: number): boolean {
  let at: number | undefined = start;
  while (at !== undefined && at < text.length) {
    at = /\s/.test(text[at] ?? '') ? at + 1 : shellWordEnd(text, at);
  }
  return at !== undefined;
}

export interface HeredocStart {
  readonly name: string;
  readonly literal: boolean;
  readonly chomp: boolean;
  readonly descriptor: number;
}

/** Reads a shell word of the form `[fd]<<[-]delimiter`; any other word gives undefined. */
export function parseHeredocStart(word: string): HeredocStart | undefined {
  const match = /^(\d{0,9})<<(-?)\s*([^<]*)$/.exec(word);
  const delimiter = match?.[3];
  if (match === null || delimiter === undefined) return undefined;
  const words = unquoted(delimiter);
  const name = words?.[0];
  if (name === undefined || words?.length !== 1) return undefined;
  return {
    name,
    literal: hasQuotes(delimiter),
    chomp: match[2] === '-',
    descriptor: Number(match[1] ?? 0),
  };
}

function unquoted(delimiter: string): readonly string[] | undefined {
  try {
    return expandWords(delimiter, { env: new Map(), keepUnset: true });
  } catch {
    // `<<${` and the like: not a delimiter, the shell shall judge it.
    return undefined;
  }
}

/** An escaped quote does not quote: only a real one makes the body literal. */
function hasQuotes(delimiter: string): boolean {
  return /['"]/.test(delimiter.replace(/\\./g, ''));
}

/**
 * The end of the assignment word at `start`: quotes group, the escape protects the next character
 * (also in double quotes), a quote left open takes the rest of the line. An escape with nothing
 * behind it is left out.
 */
export function assignmentEnd(text: string, start: number, escapeCharacter: string): number {
  return wordEnd(text, start, (character, quote) => character === escapeCharacter && quote !== "'");
}

/** The end of the flag word at `start`; quotes group, a backslash protects everywhere. */
export function flagEnd(text: string, start: number): number {
  return wordEnd(text, start, (character) => character === '\\');
}

function wordEnd(
  text: string,
  start: number,
  protects: (character: string, quote: string | undefined) => boolean,
): number {
  let quote: string | undefined;
  for (let at = start; at < text.length; at++) {
    const character = text[at] ?? '';
    if (quote === undefined && /\s/.test(character)) return at;
    if (protects(character, quote)) {
      if (at + 1 === text.length) return at;
      at++;
    } else if (character === quote) quote = undefined;
    else if (quote === undefined && (character === "'" || character === '"')) quote = character;
  }
  return text.length;
}

export interface FlagWord {
  /** Without the dashes. */
  readonly name: string;
  /** Quotes and backslashes resolved; absent without `=`. */
  readonly value?: string;
  /** Offset of the value within the word as written. */
  readonly valueOffset: number;
}

/** Takes a flag word apart: docker resolves quotes and backslashes in it first. */
export function parseFlag(word: string): FlagWord {
  const { text, offsets } = resolveFlag(word);
  const equals = text.indexOf('=');
  if (equals < 0) return { name: text.slice(2), valueOffset: word.length };
  const valueOffset = (offsets[equals] ?? 0) + 1;
  return { name: text.slice(2, equals), value: text.slice(equals + 1), valueOffset };
}

/** Where a stretch of a flag's value stands within the word as written. */
export function flagValuePlace(
  word: string,
  { start, end }: { readonly start: number; readonly end: number },
): { readonly start: number; readonly end: number } {
  const { text, offsets } = resolveFlag(word);
  const first = text.indexOf('=') + 1;
  const from = offsets[first + start] ?? (offsets.at(-1) ?? -1) + 1;
  return {
    start: from,
    end: end > start ? (offsets[first + end - 1] ?? word.length - 1) + 1 : from,
  };
}

/** The characters that stay, and the offset of each. */
function resolveFlag(word: string): { readonly text: string; readonly offsets: readonly number[] } {
  let text = '';
  const offsets: number[] = [];
  let quote: string | undefined;
  for (let at = 0; at < word.length; at++) {
    const character = word[at] ?? '';
    if (character === quote) quote = undefined;
    else if (quote === undefined && (character === "'" || character === '"')) quote = character;
    else if (character !== '\\' || ++at < word.length) {
      text += word[at];
      offsets.push(at);
    }
  }
  return { text, offsets };
}

/** Whether the rest of a line is a JSON array: if not, docker takes it as shell text or words. */
export function isJsonArray(text: string): boolean {
  if (!text.startsWith('[')) return false;
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}
