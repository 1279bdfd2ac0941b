/**
 * The functions of templates: Go's own, and docker's. Each says what it takes, so that the evaluator
 * can refuse other arguments in Go's words; a {@link CallFailed} is what the function itself refuses.
 */
import { compare } from './compare.ts';
import { CallFailed } from './errors.ts';
import { cut, joined, sprint, sprintf, sprintln } from './print.ts';
import {
  goJson,
  isList,
  isMap,
  isStruct,
  isTrue,
  NIL_LIST,
  typeName,
  type Value,
} from './values.ts';

export type Parameter = 'any' | 'string' | 'int' | 'strings';

export interface TemplateFunction {
  readonly parameters: readonly Parameter[];
  /** Of those after `parameters`, as many as are given. */
  readonly more?: Parameter;
  /** @throws CallFailed */
  call(args: readonly Value[]): Value;
}

/** Longer than this nothing is padded. */
const PADDING_MAX = 1_000_000;

/** Evaluated by the evaluator itself, which stops at the first argument that decides. */
export const SHORT_CIRCUITS: ReadonlySet<string> = new Set(['and', 'or']);

export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  and: { parameters: ['any'], more: 'any', call: ([first]) => first },
  or: { parameters: ['any'], more: 'any', call: ([first]) => first },
  not: { parameters: ['any'], call: ([value]) => !isTrue(value) },
  eq: { parameters: ['any'], more: 'any', call: ([a, ...rest]) => compare('eq', a, rest) },
  ne: { parameters: ['any', 'any'], call: ([a, b]) => compare('ne', a, [b]) },
  lt: { parameters: ['any', 'any'], call: ([a, b]) => compare('lt', a, [b]) },
  le: { parameters: ['any', 'any'], call: ([a, b]) => compare('le', a, [b]) },
  gt: { parameters: ['any', 'any'], call: ([a, b]) => compare('gt', a, [b]) },
  ge: { parameters: ['any', 'any'], call: ([a, b]) => compare('ge', a, [b]) },
  len: { parameters: ['any'], call: ([value]) => lengthOf(value) },
  index: {
    parameters: ['any'],
    more: 'any',
    call: ([item, ...keys]) => keys.reduce(element, item),
  },
  slice: { parameters: ['any'], more: 'any', call: ([item, ...ends]) => slice(item, ends) },
  print: { parameters: [], more: 'any', call: sprint },
  printf: {
    parameters: ['string'],
    more: 'any',
    call: ([format, ...rest]) => sprintf(text(format), rest),
  },
  println: { parameters: [], more: 'any', call: sprintln },
  json: { parameters: ['any'], call: ([value]) => goJson(value) },
  split: {
    parameters: ['string', 'string'],
    call: ([value, separator]) => split(text(value), text(separator)),
  },
  join: {
    parameters: ['strings', 'string'],
    call: ([list, separator]) =>
      joined((isList(list) ? list : NIL_LIST).map(text), text(separator)),
  },
  title: { parameters: ['string'], call: ([value]) => title(text(value)) },
  lower: { parameters: ['string'], call: ([value]) => text(value).toLowerCase() },
  upper: { parameters: ['string'], call: ([value]) => text(value).toUpperCase() },
  pad: {
    parameters: ['string', 'int', 'int'],
    call: ([value, ...sides]) => pad(text(value), sides),
  },
  truncate: {
    parameters: ['string', 'int'],
    call: ([value, length]) => truncate(text(value), Number(length)),
  },
};

/** In the headings of a table these leave a heading as it is. */
export const HEADING_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  ...FUNCTIONS,
  ...Object.fromEntries(
    ['json', 'split', 'join', 'title', 'lower', 'upper', 'truncate'].map((name) => [
      name,
      {
        parameters: (FUNCTIONS[name]?.parameters ?? []).map(() => 'any' as const),
        call: headingAsIs,
      },
    ]),
  ),
};

function headingAsIs([heading]: readonly Value[]): Value {
  return heading;
}

function text(value: Value): string {
  return typeof value === 'string' ? value : '';
}

function split(value: string, separator: string): readonly string[] {
  return separator === '' ? [...value] : value.split(separator);
}

/** The first letter of each word; a word is letters, digits and underscores. */
function title(value: string): string {
  return value.replaceAll(/(?<![\p{L}\p{Nd}_])\p{L}/gu, (letter) => letter.toUpperCase());
}

/** Spaces before and after, of what is not empty. */
function pad(value: string, [before, after]: readonly Value[]): string {
  if (value === '') return value;
  const counts = [Number(before), Number(after)] as const;
  if (counts.some((count) => count < 0)) throw new CallFailed('strings: negative Repeat count');
  if (counts.some((count) => count > PADDING_MAX)) {
    throw new CallFailed(`padding of more than ${PADDING_MAX} spaces`);
  }
  return ' '.repeat(counts[0]) + value + ' '.repeat(counts[1]);
}

function truncate(value: string, length: number): string {
  if (length < 0) throw new CallFailed(`slice bounds out of range [:${length}]`);
  return cut(value, length);
}

/** Strings by bytes, as Go. */
function lengthOf(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (isList(value)) return value.length;
  if (isMap(value)) return value.size;
  if (value === undefined || value === null) throw new CallFailed('len of nil pointer');
  throw new CallFailed(`len of type ${typeName(value)}`);
}

function element(item: Value, key: Value): Value {
  if (item === undefined) throw new CallFailed('index of untyped nil');
  if (item === null) throw new CallFailed('index of nil pointer');
  if (isMap(item) || isStruct(item)) {
    if (typeof key !== 'string') {
      throw new CallFailed(`value has type ${typeName(key)}; should be string`);
    }
    // A key that is not there: the empty value of a map's type; of an object, no value.
    if (isMap(item)) return item.has(key) ? item.get(key) : '';
    return Object.hasOwn(item, key) ? item[key] : undefined;
  }
  if (typeof item === 'string') return byteAt(Buffer.from(item), key);
  if (!isList(item)) throw new CallFailed(`can't index item of type ${typeName(item)}`);
  return item[indexIn(item.length, key)];
}

function byteAt(bytes: Uint8Array, key: Value): number {
  return bytes[indexIn(bytes.byteLength, key)] ?? 0;
}

function indexIn(length: number, key: Value): number {
  if (key === undefined || key === null) {
    throw new CallFailed('cannot index slice/array with nil');
  }
  if (typeof key !== 'number') {
    throw new CallFailed(`cannot index slice/array with type ${typeName(key)}`);
  }
  if (key < 0 || key >= length) throw new CallFailed(`index out of range: ${key}`);
  return key;
}

function slice(item: Value, ends: readonly Value[]): Value {
  if (item === undefined) throw new CallFailed('slice of untyped nil');
  if (ends.length > 3) throw new CallFailed(`too many slice indexes: ${ends.length}`);
  const isText = typeof item === 'string';
  if (isText && ends.length === 3) throw new CallFailed('cannot 3-index slice a string');
  if (!isText && !isList(item)) {
    throw new CallFailed(`can't slice item of type ${typeName(item)}`);
  }
  const bytes = isText ? Buffer.from(item) : undefined;
  const length = bytes?.byteLength ?? item.length;
  const [from = 0, to = length, cap = length] = ends.map((end) => indexIn(length + 1, end));
  if (from > to) throw new CallFailed(`invalid slice index: ${from} > ${to}`);
  if (to > cap) throw new CallFailed(`invalid slice index: ${to} > ${cap}`);
  return bytes ? bytes.subarray(from, to).toString() : item.slice(from, to);
}
