/**
 * `--format`: the part of Go templates that image commands need. Text with `{{…}}`, in which a
 * pipeline of fields (`.Config.Env`, `.`), strings, numbers and the functions json, join, lower,
 * upper, title, len, index and println. Blocks (`range`, `if`, `with`) are refused by name.
 */
import { SlipwayError } from '#core/errors.ts';
import type { JsonValue } from '#core/json.ts';

export interface Template {
  /** Headings are wanted: the format began with `table`. */
  readonly isTable: boolean;
  /** Names of the fields in order, for the headings. */
  readonly fields: readonly string[];
  render(value: JsonValue): string;
}

type Part = string | readonly Call[];
/** One command of a pipeline: a function or field, and its arguments. */
type Call = readonly Word[];
type Word =
  | { readonly kind: 'field'; readonly path: readonly string[] }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'literal'; readonly value: string | number | boolean };

/** `json` alone means `{{json .}}`. @throws USAGE */
export function parseTemplate(format: string): Template {
  if (format === 'json') return parseTemplate('{{json .}}');
  const isTable = /^table(\s|$)/.test(format);
  const source = isTable ? format.replace(/^table\s*/, '') : format;
  const parts = splitParts(source.replaceAll('\\t', '\t').replaceAll('\\n', '\n'));
  const words = parts.flatMap((part) => (typeof part === 'string' ? [] : part.flat()));
  return {
    isTable,
    fields: words.flatMap((word) => (word.kind === 'field' ? [word.path.join('.')] : [])),
    render: (value) =>
      parts
        .map((part) => (typeof part === 'string' ? part : printed(evaluate(part, value))))
        .join(''),
  };
}

function splitParts(source: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  while (at < source.length) {
    const open = source.indexOf('{{', at);
    if (open < 0) return [...parts, source.slice(at)];
    const close = source.indexOf('}}', open);
    if (close < 0) throw refuse('unclosed action');
    if (open > at) parts.push(source.slice(at, open));
    parts.push(parsePipeline(source.slice(open + 2, close)));
    at = close + 2;
  }
  return parts;
}

function parsePipeline(text: string): readonly Call[] {
  const calls: Word[][] = [[]];
  const token = /\s*(?:(\|)|("(?:[^"\\]|\\.)*")|(-?\d+)|(\.[\w.]*)|([A-Za-z]\w*))/y;
  const source = text.trim();
  while (token.lastIndex < source.length) {
    const from = token.lastIndex;
    const match = token.exec(source);
    if (!match) throw refuse(`unexpected "${source.slice(from).trim()}" in command`);
    if (match[1]) calls.push([]);
    else calls.at(-1)?.push(readWord(match));
  }
  if (calls.some((call) => call.length === 0)) throw refuse('missing value for command');
  return calls;
}

function readWord([, , quoted, number, field, name]: RegExpExecArray): Word {
  if (quoted !== undefined) return { kind: 'literal', value: JSON.parse(quoted) as string };
  if (number !== undefined) return { kind: 'literal', value: Number(number) };
  if (field !== undefined) return { kind: 'field', path: field.split('.').filter(Boolean) };
  if (name === 'true' || name === 'false') return { kind: 'literal', value: name === 'true' };
  return { kind: 'name', name: name ?? '' };
}

/** The result of each call is the last argument of the next. */
function evaluate(calls: readonly Call[], value: JsonValue): JsonValue {
  let piped: JsonValue[] = [];
  for (const [head, ...rest] of calls) {
    if (!head) continue;
    const args = [...rest.map((word) => resolveWord(word, value)), ...piped];
    piped = [head.kind === 'name' ? call(head.name, args) : resolveWord(head, value)];
  }
  const [result = ''] = piped;
  return result;
}

function resolveWord(word: Word, value: JsonValue): JsonValue {
  if (word.kind === 'literal') return word.value;
  if (word.kind === 'name') return call(word.name, []);
  return word.path.reduce((at, name) => fieldOf(at, name), value);
}

function fieldOf(value: JsonValue, name: string): JsonValue {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw refuse(`can't evaluate field ${name}`);
  }
  const found = Object.entries(value).find(([key]) => key === name);
  if (!found) throw refuse(`can't evaluate field ${name}`);
  return found[1];
}

const FUNCTIONS: Readonly<Record<string, (...args: JsonValue[]) => JsonValue>> = {
  json: (value = null) => JSON.stringify(value),
  join: (list = [], separator = '') =>
    Array.isArray(list) ? list.map(printed).join(printed(separator)) : printed(list),
  lower: (value = '') => printed(value).toLowerCase(),
  upper: (value = '') => printed(value).toUpperCase(),
  title: (value = '') => printed(value).replaceAll(/\b\w/g, (letter) => letter.toUpperCase()),
  len: (value = '') => lengthOf(value),
  index: (value = null, ...keys) => keys.reduce<JsonValue>(element, value),
  println: (...values) => `${values.map(printed).join(' ')}\n`,
};

function call(name: string, args: readonly JsonValue[]): JsonValue {
  const called = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (called) return called(...args);
  throw refuse(`function "${name}" not defined`);
}

function lengthOf(value: JsonValue): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  if (value !== null && typeof value === 'object') return Object.keys(value).length;
  throw refuse('len of something without a length');
}

function element(value: JsonValue, key: JsonValue): JsonValue {
  if (Array.isArray(value)) return value[Number(key)] ?? '';
  if (value === null || typeof value !== 'object') throw refuse("can't index item");
  return Object.entries(value).find(([name]) => name === printed(key))?.[1] ?? '';
}

/** As Go prints a value: lists in brackets, maps as `map[key:value]`. */
function printed(value: JsonValue): string {
  if (value === null) return '<no value>';
  if (Array.isArray(value)) return `[${value.map(printed).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, field]) => `${key}:${printed(field)}`).join(' ')}]`;
}

function refuse(problem: string): SlipwayError {
  return new SlipwayError('USAGE', `template parsing error: ${problem}`, {
    hint: 'use fields and the functions json, join, lower, upper, title, len, index, println',
  });
}
