/**
 * Options of other programs as data: how each is written, and what becomes of it. One option of a
 * program is one line of its table.
 */
import { type Flag, list, text, toggle } from '../flags.ts';

export type Effect =
  /** Our command has it, with the same meaning; refused as long as it has not. */
  | { readonly kind: 'passed'; readonly to?: string }
  /** Does not change what comes out; the reason is told with --debug. */
  | { readonly kind: 'ignored'; readonly why: string }
  /** Changes what comes out, in a way that we lack. */
  | { readonly kind: 'refused'; readonly fix: string }
  /** With these values it asks for what is so anyway; with others it is refused. */
  | { readonly kind: 'only'; readonly values: readonly string[]; readonly fix: string }
  /** What it becomes depends on others; the program's own file reads it. */
  | { readonly kind: 'read' };

export interface Option {
  readonly flag: Flag;
  readonly effect: Effect;
  /** One word may hold several values. */
  readonly commas: boolean;
}

/** By name, without the dashes. */
export type OptionTable = Readonly<Record<string, Option>>;

type Form = Omit<Option, 'effect'>;

const short = (char: string | undefined): { readonly char?: string } =>
  char === undefined ? {} : { char };

/** `--x`, `--x=false`; `isOn`: without the option. */
export function bool(char?: string, isOn = false): Form {
  return { flag: toggle({ description: '', default: isOn, ...short(char) }), commas: false };
}

/** `--x value`. */
export function value(char?: string): Form {
  return { flag: text({ description: '', helpValue: '', ...short(char) }), commas: false };
}

/** `--x`, `--x=value`. */
export function maybe(bare: string): Form {
  return { flag: text({ description: '', helpValue: '', bare }), commas: false };
}

/** `--x a --x b`. */
export function values(char?: string): Form {
  return { flag: list({ description: '', helpValue: '', ...short(char) }), commas: false };
}

/** `--x a,b --x c`. */
export function commas(char?: string): Form {
  return { ...values(char), commas: true };
}

/** `to`: our name for it, where it is another. */
export function passed(form: Form, to?: string): Option {
  return { ...form, effect: { kind: 'passed', ...(to === undefined ? {} : { to }) } };
}

export function ignored(form: Form, why: string): Option {
  return { ...form, effect: { kind: 'ignored', why } };
}

export function refused(form: Form, fix: string): Option {
  return { ...form, effect: { kind: 'refused', fix } };
}

export function only(form: Form, allowed: readonly string[], fix: string): Option {
  return { ...form, effect: { kind: 'only', values: allowed, fix } };
}

export function read(form: Form): Option {
  return { ...form, effect: { kind: 'read' } };
}

/** Our own flags, for programs that have the same. */
export function ourOptions(flags: Readonly<Record<string, Flag>>): OptionTable {
  return Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [name, passed({ flag, commas: false })]),
  );
}
