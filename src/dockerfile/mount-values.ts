/**
 * The keys of `RUN --mount`, the types that take them, and what their values look like, each with
 * BuildKit's complaint. One field at a time: run-mount.ts looks at all of them together.
 */
import { suggest } from './suggest.ts';

const TYPES = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const;
const SHARING = ['shared', 'private', 'locked'] as const;

export type MountType = (typeof TYPES)[number];

/** The keys as the reference lists them; the other names are theirs too. */
const KEYS = [
  'type',
  'from',
  'source',
  'target',
  'readonly',
  'readwrite',
  'id',
  'sharing',
  'required',
  'size',
  'mode',
  'uid',
  'gid',
  'env',
] as const;

export type MountKey = (typeof KEYS)[number];

const ALIASES: ReadonlyMap<string, MountKey> = new Map([
  ...KEYS.map((key) => [key, key] as const),
  ['src', 'source'],
  ['dst', 'target'],
  ['destination', 'target'],
  ['ro', 'readonly'],
  ['rw', 'readwrite'],
]);

/** What a key in lower case means; undefined: no key of docker's. */
export function canonicalKey(key: string): MountKey | undefined {
  return ALIASES.get(key);
}

/** Docker takes types in any case. */
export function mountType(text: string): MountType | undefined {
  return TYPES.find((type) => type === text.toLowerCase());
}

/** Keys that one or two types alone take. */
const OWNERS: ReadonlyMap<MountKey, readonly MountType[]> = new Map([
  ['required', ['secret', 'ssh']],
  ['size', ['tmpfs']],
  ['env', ['secret']],
]);

export interface ValueComplaint {
  readonly text: string;
  readonly hint: string;
  /** The value is wrong, else the key. */
  readonly isValue: boolean;
}

/**
 * What is wrong with one field. `name`: the key's canonical form; `text`: the value, undefined when
 * not known yet; `type`: the type so far, undefined when not known.
 */
export function readValue(
  field: {
    readonly name: MountKey | undefined;
    readonly key: string;
    readonly field: string;
    readonly text: string | undefined;
  },
  type: MountType | undefined,
): ValueComplaint | undefined {
  const { name, key, text } = field;
  if (name === undefined) return unknownKey(key, field.field);
  const owners = OWNERS.get(name);
  if (owners !== undefined && type !== undefined && !owners.includes(type)) {
    return {
      text: `unexpected key '${key}' for mount type '${type}'`,
      hint: `Remove ${key}, or put type=${owners.join(' or type=')} in front of it.`,
      isValue: false,
    };
  }
  if (text === undefined) return undefined;
  const complaint = complaintOf(name, key, text);
  return complaint && { ...complaint, isValue: true };
}

function unknownKey(key: string, field: string): ValueComplaint {
  const near = suggest(key, ALIASES.keys());
  return {
    text: `unexpected key '${key}' in '${field}'${guess(near)}`,
    hint: near === undefined ? `Known keys: ${KEYS.join(', ')}.` : `Write ${near}.`,
    isValue: false,
  };
}

function guess(near: string | undefined): string {
  return near === undefined ? '' : ` (did you mean ${near}?)`;
}

function complaintOf(
  name: MountKey,
  key: string,
  text: string,
): { readonly text: string; readonly hint: string } | undefined {
  switch (name) {
    case 'type':
      return notOneOf(TYPES, text, `unsupported mount type ${JSON.stringify(text)}`);
    case 'sharing':
      return notOneOf(SHARING, text, `unsupported sharing value ${JSON.stringify(text)}`);
    case 'readonly':
    case 'readwrite':
    case 'required':
      if (isTrue(text) || /^(?:0|f|F|false|FALSE|False)$/.test(text)) return undefined;
      return { text: `invalid value for ${key}: ${text}`, hint: `Write ${key} or ${key}=false.` };
    case 'size':
      if (parseMemory(text) !== undefined) return undefined;
      return { text: `invalid value for size: ${text}`, hint: 'Write a size: size=64m.' };
    case 'mode':
      if (/^[0-7]+$/.test(text) && Number.parseInt(text, 8) <= MAX_UINT32) return undefined;
      return { text: `invalid value ${text} for mode`, hint: 'Write octal digits: mode=0755.' };
    case 'uid':
    case 'gid':
      if (/^[0-9]+$/.test(text) && Number(text) <= MAX_UINT32) return undefined;
      return { text: `invalid value ${text} for ${name}`, hint: `Write a number: ${name}=1000.` };
    default:
      return undefined;
  }
}

const MAX_UINT32 = 0xffff_ffff;

function notOneOf(
  words: readonly string[],
  given: string,
  text: string,
): { readonly text: string; readonly hint: string } | undefined {
  if (words.includes(given.toLowerCase())) return undefined;
  const near = suggest(given, words);
  const hint = near === undefined ? `Use ${words.join(', ')}.` : `Write ${near}.`;
  return { text: text + guess(near), hint };
}

/** A switch that is on, in the ways Go takes. */
export function isTrue(text: string): boolean {
  return /^(?:1|t|T|true|TRUE|True)$/.test(text);
}

const UNITS = 'kmgtp';

/** Bytes of `64m`, `1.5 GiB` and the like, in docker's units of 1024; undefined: no size. */
export function parseMemory(text: string): number | undefined {
  const match = /^(\d+\.?\d*|\.\d+) ?(?:b|([kmgtp])(?:i?b)?)?$/i.exec(text);
  if (match === null) return undefined;
  const unit = match[2]?.toLowerCase();
  return Math.trunc(Number(match[1]) * 1024 ** (unit === undefined ? 0 : UNITS.indexOf(unit) + 1));
}
