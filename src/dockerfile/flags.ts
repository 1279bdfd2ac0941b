/**
 * The `--flag` words in front of an instruction's operands: which ones each instruction takes,
 * their values, and BuildKit's complaints about the rest.
 */
import type { Operand } from './ast.ts';
import type { InstructionContext, Piece } from './instruction-context.ts';
import { parseRunMount } from './run-mount.ts';
import { flagValuePlace, parseFlag } from './scan.ts';
import { suggest } from './suggest.ts';

/** `list` may be given again and again, `boolean` may go without a value. */
type FlagKind = 'text' | 'list' | 'boolean';

const FILE_FLAGS = { chown: 'text', chmod: 'text', link: 'boolean', exclude: 'list' } as const;

const FLAGS = {
  none: {},
  from: { platform: 'text' },
  run: { mount: 'list', network: 'text', security: 'text', device: 'list' },
  copy: { ...FILE_FLAGS, from: 'text', parents: 'boolean' },
  add: { ...FILE_FLAGS, checksum: 'text', 'keep-git-dir': 'boolean', unpack: 'boolean' },
  healthcheck: {
    interval: 'text',
    timeout: 'text',
    'start-period': 'text',
    'start-interval': 'text',
    retries: 'text',
  },
} as const satisfies Record<string, Readonly<Record<string, FlagKind>>>;

export type FlagSet = keyof typeof FLAGS;

/** The flags of one instruction; those that had problems are absent. */
export class Flags {
  readonly #values: ReadonlyMap<string, readonly Operand[]>;

  constructor(values: ReadonlyMap<string, readonly Operand[]>) {
    this.#values = values;
  }

  /** The value with its place; quotes and backslashes of the flag word are already resolved. */
  text(name: string): Operand | undefined {
    return this.#values.get(name)?.[0];
  }

  list(name: string): readonly Operand[] {
    return this.#values.get(name) ?? [];
  }

  boolean(name: string): boolean | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : value.text.toLowerCase() !== 'false';
  }
}

const NO_FLAGS = new Flags(new Map());

/** Reads the flag words of an instruction, reporting every one that is wrong. */
export function readFlags(
  words: readonly Piece[],
  set: FlagSet,
  context: InstructionContext,
): Flags {
  if (words.length === 0) return NO_FLAGS;
  const allowed = new Map<string, FlagKind>(Object.entries(FLAGS[set]));
  const values = new Map<string, Operand[]>();
  for (const word of words) {
    const { name, value, valueOffset } = parseFlag(word.image);
    const { range } = context.operand(word);
    const kind = allowed.get(name);
    const complaint = complaintOf({ name, value, kind, allowed, isRepeated: values.has(name) });
    if (complaint !== undefined) {
      context.report({ ...complaint, range });
      continue;
    }
    const written = {
      image: word.image.slice(valueOffset),
      startOffset: word.startOffset + valueOffset,
    };
    const operand = { text: value ?? '', range: context.operand(written).range };
    if (name === 'mount') checkMount(operand, word, context);
    const earlier = values.get(name);
    if (earlier === undefined) values.set(name, [operand]);
    else earlier.push(operand);
  }
  return new Flags(values);
}

interface FlagUse {
  readonly name: string;
  readonly value: string | undefined;
  readonly kind: FlagKind | undefined;
  readonly allowed: ReadonlyMap<string, FlagKind>;
  readonly isRepeated: boolean;
}

function complaintOf(use: FlagUse): { code: string; text: string; hint: string } | undefined {
  const { name, value, kind } = use;
  if (kind === undefined) {
    const near = suggest(name, use.allowed.keys());
    const known = [...use.allowed.keys()].map((flag) => `--${flag}`).join(', ');
    return {
      code: 'UnknownFlag',
      text: `unknown flag: --${name}${near === undefined ? '' : ` (did you mean ${near}?)`}`,
      hint:
        near !== undefined
          ? `Write --${near}.`
          : known === ''
            ? 'Remove it: this instruction takes no flags.'
            : `Known here: ${known}.`,
    };
  }
  if (use.isRepeated && kind !== 'list') {
    return {
      code: 'FlagRepeated',
      text: `duplicate flag specified: --${name}`,
      hint: `Give --${name} once.`,
    };
  }
  // `--link` says yes, `--link=` says nothing.
  if (kind === 'boolean' ? value === '' : value === undefined) {
    return {
      code: 'FlagValueMissing',
      text: `missing a value on flag: --${name}`,
      hint: `Write --${name}=VALUE, without a blank.`,
    };
  }
  if (kind === 'boolean' && value !== undefined && !/^(?:true|false)$/i.test(value)) {
    return {
      code: 'FlagValueInvalid',
      text: `expecting boolean value for flag --${name}, not: ${value}`,
      hint: `Write --${name} or --${name}=false.`,
    };
  }
  return undefined;
}

/** Reports what docker finds while it reads the file; the rest it finds in stages it builds. */
function checkMount(value: Operand, word: Piece, context: InstructionContext): void {
  const reading = parseRunMount(value.text);
  if (reading.kind !== 'problem' || !reading.problem.isEarly) return;
  const { problem } = reading;
  const { start, end } = flagValuePlace(word.image, problem);
  const image = word.image.slice(start, end);
  context.report({
    code: 'MountInvalid',
    text: problem.text,
    range: context.operand({ image, startOffset: word.startOffset + start }).range,
    hint: problem.hint,
  });
}
