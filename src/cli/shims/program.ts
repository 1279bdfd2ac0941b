/** A program that Slipway stands in for, as data, and what one of its command lines becomes. */
import type { FlagTable } from '../flags.ts';
import type { OptionTable } from './option-table.ts';
import type { ReadLine } from './read-options.ts';

export interface Program {
  readonly name: string;
  /** In front of the command. */
  readonly globals: OptionTable;
  /** By words, `image build`; what is not here is passed on as it is, if we have a command of that name. */
  readonly commands: Readonly<Record<string, ShimCommand>>;
  /** What helps who misses a command. */
  readonly missing: Readonly<Record<string, string>>;
  /** The program has one command, and no word for it. */
  readonly only?: ShimCommand;
  /** The word of ours that its commands stand below. */
  readonly topic?: string;
  /** What it prints for a word that only other programs say to it. */
  readonly answers?: Readonly<Record<string, (version: string) => string>>;
  /** What the options in front of the command mean to us. */
  readonly settings: (globals: ReadLine) => GlobalPlan;
}

export interface ShimCommand {
  /** Our command, by its words. */
  readonly id: string;
  readonly options: (ours: FlagTable) => OptionTable;
  readonly plan: (line: ReadLine, place: Place) => Plan;
}

/** What translating may look at. */
export interface Place {
  /** `podman build`, for messages. */
  readonly command: string;
  readonly exists: (path: string) => boolean;
  readonly variable: (name: string) => string | undefined;
}

/** Settings in place of those of the environment. */
export interface SettingsOver {
  /** A file of docker's form with credentials. */
  readonly credentialsFile?: string;
  readonly runtime?: string;
}

export interface GlobalPlan {
  /** In front of each of our command lines. */
  readonly argv: readonly string[];
  readonly over?: SettingsOver;
}

/** What of a build's metadata becomes of it. */
export type Result =
  /** The image ID as podman prints it. */
  | { readonly kind: 'print-id' }
  /** The digest of the manifest, once behind each of these. */
  | { readonly kind: 'digest-file'; readonly path: string; readonly before: readonly string[] };

export interface Plan {
  /** Our command lines, one after the other as long as they succeed. */
  readonly lines: readonly (readonly string[])[];
  readonly over?: SettingsOver;
  /** A file in place of standard input. */
  readonly input?: string;
  readonly results?: readonly Result[];
}
