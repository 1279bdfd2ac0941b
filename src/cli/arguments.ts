/**
 * Reads a command line the way docker's (Go's pflag) does: `--x=false`, `-it`, `-ofile`, the last
 * value of a flag wins, and for `run` flags end at the first argument. oclif's parser knows other
 * rules, and people type docker's.
 */
import { SlipwayError } from '#core/errors.ts';
import type { ArgumentTable, ArgumentValues, Flag, FlagTable, FlagValues } from './flags.ts';

export interface CommandLine<F extends FlagTable, A extends ArgumentTable> {
  readonly flags: F;
  readonly args: A;
  /** Everything from the first argument on belongs to what is run. */
  readonly flagsFirst?: boolean;
}

export interface Parsed<F extends FlagTable, A extends ArgumentTable> {
  readonly flags: FlagValues<F>;
  readonly args: ArgumentValues<A>;
}

/** @throws USAGE in docker's words, with the flag or command named */
export function parseArguments<F extends FlagTable, A extends ArgumentTable>(
  argv: readonly string[],
  line: CommandLine<F, A>,
  command: string,
): Parsed<F, A> {
  const flags = new FlagReader(line.flags);
  const words: string[] = [];
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      words.push(...rest.splice(0));
    } else if (word.startsWith('--')) {
      flags.long(word.slice(2), rest);
    } else if (word.startsWith('-') && word.length > 1) {
      flags.short(word.slice(1), rest);
    } else {
      words.push(word);
      if (line.flagsFirst) words.push(...rest.splice(0));
    }
  }
  const values = flags.values();
  // `docker rmi --help` helps, whatever else is missing.
  const args = values.help === true ? {} : assignArguments(words, line.args, command);
  return { flags: values as FlagValues<F>, args: args as ArgumentValues<A> };
}

type Value = boolean | string | readonly string[] | undefined;

class FlagReader {
  readonly #table: FlagTable;
  readonly #byChar: ReadonlyMap<string, string>;
  readonly #given = new Map<string, string[]>();

  constructor(table: FlagTable) {
    this.#table = table;
    this.#byChar = new Map(
      Object.entries(table).flatMap(([name, { char }]) => (char ? [[char, name] as const] : [])),
    );
  }

  /** `name`, `name=value`, or `name` with the value in the next word. */
  long(text: string, rest: string[]): void {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    const flag = this.#flag(name);
    if (!flag) throw usage(`unknown flag: --${name}`);
    if (equals >= 0) this.#set(name, text.slice(equals + 1));
    else if (flag.type === 'boolean') this.#set(name, 'true');
    else if ('bare' in flag && flag.bare !== undefined) this.#set(name, flag.bare);
    else this.#set(name, rest.shift() ?? refuseMissing(`--${name}`));
  }

  /** `q`, `aq` (toggles together), `ofile`, `o=file`, or `o` with the value in the next word. */
  short(text: string, rest: string[]): void {
    for (let at = 0; at < text.length; at++) {
      const char = text.charAt(at);
      const name = this.#byChar.get(char);
      const flag = name === undefined ? undefined : this.#flag(name);
      if (name === undefined || !flag) {
        throw usage(`unknown shorthand flag: '${char}' in -${text}`);
      }
      const tail = text.slice(at + 1);
      if (flag.type === 'boolean' && !tail.startsWith('=')) {
        this.#set(name, 'true');
        continue;
      }
      const value = tail === '' ? rest.shift() : tail.replace(/^=/, '');
      this.#set(name, value ?? refuseMissing(`'${char}' in -${text}`));
      return;
    }
  }

  values(): Record<string, Value> {
    return Object.fromEntries(
      Object.entries(this.#table).map(([name, flag]) => [name, this.#value(name, flag)]),
    );
  }

  #value(name: string, flag: Flag): Value {
    const given = this.#given.get(name) ?? [];
    if (flag.type === 'boolean' && flag.isOptional && given.length === 0) return undefined;
    if (flag.type === 'boolean') return (given.at(-1) ?? String(flag.default ?? false)) === 'true';
    return flag.multiple ? given : given.at(-1);
  }

  #flag(name: string): Flag | undefined {
    return Object.hasOwn(this.#table, name) ? this.#table[name] : undefined;
  }

  #set(name: string, value: string): void {
    const flag = this.#flag(name);
    const before = this.#given.get(name) ?? [];
    if (flag?.type === 'boolean') {
      this.#given.set(name, [String(parseBoolean(name, value))]);
    } else {
      if (flag && 'options' in flag && flag.options && !flag.options.includes(value)) {
        const allowed = flag.options.join(', ');
        throw usage(`invalid argument "${value}" for "--${name}" flag: must be one of: ${allowed}`);
      }
      this.#given.set(name, [...before, value]);
    }
  }
}

/** Go's strconv.ParseBool. */
function parseBoolean(name: string, text: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw usage(`invalid argument "${text}" for "--${name}" flag: must be true or false`);
}

function assignArguments(
  words: readonly string[],
  table: ArgumentTable,
  command: string,
): Record<string, Value> {
  const entries = Object.entries(table);
  const min = entries.filter(([, argument]) => argument.required).length;
  const max = entries.at(-1)?.[1].multiple ? Number.POSITIVE_INFINITY : entries.length;
  if (words.length < min || words.length > max) {
    const isShort = words.length < min;
    throw usage(
      `"${command}" requires ${arity(min, isShort && min < max ? Number.POSITIVE_INFINITY : max)}.`,
    );
  }
  return Object.fromEntries(
    entries.map(([name, argument], i) => [name, argument.multiple ? words.slice(i) : words[i]]),
  );
}

function arity(min: number, max: number): string {
  const plural = (count: number): string => `${count} argument${count === 1 ? '' : 's'}`;
  if (max === 0) return 'no arguments';
  if (min === max) return `exactly ${plural(min)}`;
  return max === Number.POSITIVE_INFINITY ? `at least ${plural(min)}` : `at most ${plural(max)}`;
}

function refuseMissing(what: string): never {
  throw usage(`flag needs an argument: ${what}`);
}

function usage(message: string): SlipwayError {
  return new SlipwayError('USAGE', message);
}
