/**
 * The values that a Go template sees, as plain data. An object is a Go struct: its fields are fixed,
 * asking for another one is an error. A Map is a Go map: a key that is not there is no value.
 */

export type Value =
  /** Go's "no value": what a map answers for a key it lacks. */
  | undefined
  /** A nil pointer. */
  | null
  | boolean
  /** An int; a float is a {@link Float}. */
  | number
  | string
  | Float
  | readonly Value[]
  | ReadonlyMap<string, Value>
  | Struct;

export interface Struct {
  readonly [field: string]: Value;
  /** What `json` makes of it, when that is not its fields in order. */
  readonly [AS_JSON]?: string;
}

export const AS_JSON: unique symbol = Symbol('as JSON');

/** A float64: only literals make one, such as `1.5`. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A list and a map that were never set: empty, and null as JSON. */
export const NIL_LIST: readonly Value[] = [];
export const NIL_MAP: ReadonlyMap<string, Value> = new Map();

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isMap(value: Value): value is ReadonlyMap<string, Value> {
  return value instanceof Map;
}

export function isStruct(value: Value): value is Struct {
  return (
    typeof value === 'object' &&
    value !== null &&
    !isList(value) &&
    !isMap(value) &&
    !(value instanceof Float)
  );
}

/** Go's name of the type, for messages. */
export function typeName(value: Value): string {
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return 'int';
  if (typeof value === 'string') return 'string';
  if (value instanceof Float) return 'float64';
  if (isList(value)) return '[]string';
  if (isMap(value)) return 'map[string]string';
  return 'struct';
}

/** What `if`, `and`, `or` and `not` go by. */
export function isTrue(value: Value): boolean {
  if (value instanceof Float) return value.value !== 0;
  if (isList(value)) return value.length > 0;
  if (isMap(value)) return value.size > 0;
  return Boolean(value);
}

/** In the order in which Go walks and prints a map. */
export function sortedEntries(map: ReadonlyMap<string, Value>): readonly [string, Value][] {
  return [...map].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** As docker's `json` function: compact, and `<`, `>` and `&` as they are. */
export function goJson(value: Value): string {
  if (value === undefined || value === null || value === NIL_LIST || value === NIL_MAP) {
    return 'null';
  }
  if (value instanceof Float) return String(value.value);
  if (isList(value)) return `[${value.map(goJson).join(',')}]`;
  if (isMap(value)) return `{${sortedEntries(value).map(jsonField).join(',')}}`;
  if (isStruct(value)) return value[AS_JSON] ?? `{${knownFields(value).map(jsonField).join(',')}}`;
  return typeof value === 'string' ? jsonString(value) : JSON.stringify(value);
}

/** Fields with a value, in order. */
export function knownFields(struct: Struct): readonly [string, Value][] {
  return Object.entries(struct).filter(([, value]) => value !== undefined);
}

function jsonField([name, value]: readonly [string, Value]): string {
  return `${jsonString(name)}:${goJson(value)}`;
}

function jsonString(text: string): string {
  return JSON.stringify(text.toWellFormed())
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}
