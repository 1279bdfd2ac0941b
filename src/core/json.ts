/**
 * Decoding JSON from outside with errors that say where. A decoder takes a JsonValue and a JSON
 * pointer; schema libraries would neither keep exact bytes nor point at the field.
 */
import { SlipwayError } from './errors.ts';
import { jsonExcess } from './json-bounds.ts';

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

export type JsonObject = { readonly [key: string]: JsonValue };

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Parses UTF-8 JSON. @throws JSON_INVALID with `what` in the message */
export function parseJson(bytes: Uint8Array | string, what: string): JsonValue {
  try {
    const text = typeof bytes === 'string' ? bytes : UTF8.decode(bytes);
    const excess = jsonExcess(text);
    if (excess !== undefined) throw new RangeError(excess);
    return JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw new SlipwayError('JSON_INVALID', `${what} is not valid JSON`, { cause });
  }
}

/** Reads typed fields of one object; every failure names the JSON pointer. */
export class ObjectReader {
  readonly #fields: JsonObject;
  readonly #pointer: string;
  readonly #what: string;

  constructor(value: JsonValue | undefined, what: string, pointer = '') {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      throw new SlipwayError('JSON_INVALID', `${what}: ${pointer || '/'} must be an object`);
    }
    this.#fields = value as JsonObject;
    this.#pointer = pointer;
    this.#what = what;
  }

  /** Present and not null. */
  has(key: string): boolean {
    const value = this.raw(key);
    return value !== undefined && value !== null;
  }

  keys(): string[] {
    return Object.keys(this.#fields);
  }

  /** Own fields only: a document without `constructor` has none. */
  raw(key: string): JsonValue | undefined {
    return Object.hasOwn(this.#fields, key) ? this.#fields[key] : undefined;
  }

  string(key: string): string {
    return this.#required(key, this.optionalString(key));
  }

  optionalString(key: string): string | undefined {
    return this.#typed(key, 'a string', (value) => (typeof value === 'string' ? value : undefined));
  }

  /** A whole number ≥ 0. */
  size(key: string): number {
    return this.#required(
      key,
      this.#typed(key, 'a whole number', (value) =>
        typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined,
      ),
    );
  }

  optionalNumber(key: string): number | undefined {
    return this.#typed(key, 'a number', (value) => (typeof value === 'number' ? value : undefined));
  }

  optionalBoolean(key: string): boolean | undefined {
    return this.#typed(key, 'true or false', (value) =>
      typeof value === 'boolean' ? value : undefined,
    );
  }

  optionalObject(key: string): ObjectReader | undefined {
    return this.has(key) ? new ObjectReader(this.raw(key), this.#what, this.#at(key)) : undefined;
  }

  object(key: string): ObjectReader {
    return new ObjectReader(this.raw(key), this.#what, this.#at(key));
  }

  /** Objects of an array; absent and null read as empty. */
  objects(key: string): ObjectReader[] {
    return this.#array(key).map(
      (value, i) => new ObjectReader(value, this.#what, `${this.#at(key)}/${i}`),
    );
  }

  /** Strings of an array; absent and null read as empty. */
  strings(key: string): string[] {
    return this.#array(key).map((value, i) =>
      typeof value === 'string' ? value : this.#refuse(`${this.#at(key)}/${i}`, 'a string'),
    );
  }

  /** A map of strings, or undefined when absent. */
  optionalStringMap(key: string): Readonly<Record<string, string>> | undefined {
    const reader = this.optionalObject(key);
    if (!reader) return undefined;
    return Object.fromEntries(reader.keys().map((name) => [name, reader.string(name)]));
  }

  /** Throws JSON_INVALID about one field. */
  refuse(key: string, expected: string): never {
    return this.#refuse(this.#at(key), expected);
  }

  #array(key: string): readonly JsonValue[] {
    return (
      this.#typed(key, 'an array', (value) => (Array.isArray(value) ? value : undefined)) ?? []
    );
  }

  #typed<T>(
    key: string,
    expected: string,
    check: (value: JsonValue) => T | undefined,
  ): T | undefined {
    const value = this.raw(key);
    if (value === undefined || value === null) return undefined;
    return check(value) ?? this.#refuse(this.#at(key), expected);
  }

  #required<T>(key: string, value: T | undefined): T {
    if (value === undefined)
      throw new SlipwayError('JSON_INVALID', `${this.#what}: ${this.#at(key)} is missing`);
    return value;
  }

  #refuse(pointer: string, expected: string): never {
    throw new SlipwayError('JSON_INVALID', `${this.#what}: ${pointer} must be ${expected}`);
  }

  #at(key: string): string {
    return `${this.#pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  }
}
