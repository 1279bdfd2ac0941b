/** A command line of another program, by its tables: what of it is ours, what is refused. Pure. */
import { SlipwayError } from '#core/errors.ts';
import { parseArguments } from '../arguments.ts';
import type { FlagTable } from '../flags.ts';
import { bool, type Option, type OptionTable, read } from './option-table.ts';

export interface ReadLine {
  /** The options that our command has, in its words. */
  readonly passed: readonly string[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
  /** The options that the program's own file reads. */
  readonly values: OptionValues;
  readonly words: readonly string[];
}

type Value = boolean | string | readonly string[] | undefined;

export interface LineKind {
  /** `podman build`, for messages. */
  readonly command: string;
  readonly options: OptionTable;
  /** What our command has. */
  readonly ours: FlagTable;
  /** Everything from the first word on belongs to what follows. */
  readonly flagsFirst?: boolean;
}

/** Values by name, as what they are. */
export class OptionValues {
  readonly #values: Readonly<Record<string, Value>>;

  constructor(values: Readonly<Record<string, Value>>) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  isOn(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    const found = this.#values[name];
    return typeof found === 'string' ? found : undefined;
  }

  list(name: string): readonly string[] {
    const found = this.#values[name];
    return Array.isArray(found) ? found : [];
  }
}

/** @throws USAGE, NOT_IMPLEMENTED */
export function readLine(argv: readonly string[], kind: LineKind): ReadLine {
  const options: OptionTable = { help: read(bool('h')), ...kind.options };
  const flags = Object.fromEntries(Object.entries(options).map(([name, { flag }]) => [name, flag]));
  const args = { words: { description: '', required: false, multiple: true } } as const;
  const line = { flags, args, flagsFirst: kind.flagsFirst ?? false };
  const parsed = parseArguments(argv, line, kind.command);
  const results = Object.entries(parsed.flags).flatMap(([name, value]) => {
    const option = options[name];
    return option && isGiven(value, option) ? [readOption(name, value, { ...kind, option })] : [];
  });
  return {
    passed: results.flatMap(({ passed = [] }) => passed),
    notes: results.flatMap(({ note }) => note ?? []),
    values: new OptionValues(parsed.flags),
    words: parsed.args.words ?? [],
  };
}

/** @throws NOT_IMPLEMENTED always */
export function refuse(command: string, what: string, hint: string): never {
  throw new SlipwayError('NOT_IMPLEMENTED', `${command}: ${what} is not implemented by slipway`, {
    hint,
  });
}

function isGiven(value: Value, { flag }: Option): boolean {
  if (typeof value === 'boolean')
    return value !== ((flag.type === 'boolean' && flag.default) || false);
  return Array.isArray(value) ? value.length > 0 : value !== undefined;
}

type Result = { readonly passed?: readonly string[]; readonly note?: string };

function readOption(
  name: string,
  value: Value,
  kind: LineKind & { readonly option: Option },
): Result {
  const { option, command } = kind;
  const { effect } = option;
  switch (effect.kind) {
    case 'passed':
      return { passed: pass(name, value, kind) };
    case 'ignored':
      return { note: `--${name} changes nothing: ${effect.why}` };
    case 'refused':
      return refuse(command, `--${name}`, effect.fix);
    case 'only': {
      const wrong = valuesOf(value, option).find((one) => !effect.values.includes(one));
      return wrong === undefined ? {} : refuse(command, `--${name}=${wrong}`, effect.fix);
    }
    case 'read':
      return {};
  }
}

function pass(
  name: string,
  value: Value,
  { option, command, ours }: LineKind & { readonly option: Option },
): readonly string[] {
  const to = (option.effect.kind === 'passed' && option.effect.to) || name;
  const flag = Object.hasOwn(ours, to) ? ours[to] : undefined;
  if (!flag) return refuse(command, `--${name}`, 'leave it out');
  return valuesOf(value, option).map((one) => `--${to}=${one}`);
}

function valuesOf(value: Value, { commas }: Option): readonly string[] {
  if (Array.isArray(value)) return commas ? value.flatMap((one) => one.split(',')) : value;
  return value === undefined ? [] : [String(value)];
}
