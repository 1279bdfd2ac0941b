/**
 * Flag and argument tables of commands, as plain data in oclif's shape: oclif's help and manifest
 * read them, our own parser (arguments.ts) reads them, and nothing of oclif is loaded to run.
 */

interface FlagBase {
  /** The short form, one letter. */
  readonly char?: string;
  readonly description: string;
  /** Understood, but left out of help. */
  readonly hidden?: boolean;
}

/** `--name`, `--name=false`. */
export interface ToggleFlag extends FlagBase {
  readonly type: 'boolean';
  readonly allowNo: false;
  /** Without the flag; false unless said. */
  readonly default?: boolean;
  /** Without the flag there is no value, rather than false. */
  readonly isOptional?: true;
}

/** One whose absence leaves the matter to somebody else. */
export type OptionalToggleFlag = ToggleFlag & { readonly isOptional: true };

/** `--name value`; given twice, the last one wins, as in docker. */
export interface TextFlag extends FlagBase {
  readonly type: 'option';
  readonly multiple: false;
  /** How help calls the value. */
  readonly helpValue: string;
  /** The only values allowed. */
  readonly options?: readonly string[];
  /** What `--name` alone means; a value then needs a `=`. */
  readonly bare?: string;
}

/** `--name a --name b`. */
export interface ListFlag extends FlagBase {
  readonly type: 'option';
  readonly multiple: true;
  readonly helpValue: string;
}

export type Flag = ToggleFlag | TextFlag | ListFlag;
export type FlagTable = Readonly<Record<string, Flag>>;

export interface Argument {
  readonly description: string;
  readonly required: boolean;
  /** Takes all that is left; only the last may. */
  readonly multiple?: boolean;
}

/** In the order of the command line. */
export type ArgumentTable = Readonly<Record<string, Argument>>;

export type FlagValues<F extends FlagTable> = {
  readonly [K in keyof F]: F[K] extends OptionalToggleFlag
    ? boolean | undefined
    : F[K] extends ToggleFlag
      ? boolean
      : F[K] extends ListFlag
        ? readonly string[]
        : string | undefined;
};

export type ArgumentValues<A extends ArgumentTable> = {
  readonly [K in keyof A]: A[K] extends { readonly multiple: true }
    ? readonly string[]
    : A[K] extends { readonly required: true }
      ? string
      : string | undefined;
};

type Described<T extends Flag> = Omit<T, 'type' | 'multiple' | 'allowNo'>;

export function toggle(flag: Described<ToggleFlag>): ToggleFlag {
  return { type: 'boolean', allowNo: false, ...flag };
}

export function optionalToggle(
  flag: Omit<Described<OptionalToggleFlag>, 'isOptional'>,
): OptionalToggleFlag {
  return { type: 'boolean', allowNo: false, isOptional: true, ...flag };
}

export function text(flag: Described<TextFlag>): TextFlag {
  return { type: 'option', multiple: false, ...flag };
}

export function list(flag: Described<ListFlag>): ListFlag {
  return { type: 'option', multiple: true, ...flag };
}

/** Flags that every command takes. */
export const GLOBAL_FLAGS = {
  root: text({
    description: 'Folder of the local store',
    helpValue: 'folder',
  }),
  debug: toggle({
    char: 'D',
    description: 'Show where an error comes from, and requests to registries',
  }),
  help: toggle({ description: 'Show help' }),
} as const;
