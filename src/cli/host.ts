/**
 * What a command has of the process around it, as one value: streams, clock, interrupts, and the
 * way to an engine. Tests hand in their own.
 */
import type { Readable, Writable } from 'node:stream';
import type { Engine, Settings } from '#engine.ts';
import type { FlagTable } from './flags.ts';
import { type Interrupts, watchInterrupts } from './interrupts.ts';
import { type CliSettings, processSettings, type SettingsFlags } from './settings.ts';
import { enterUserNamespace } from './user-namespace.ts';

/** A stream that may be a terminal, which then knows its size. */
export type OutputStream = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** All commands, for the one that stands in for other programs. */
export interface CommandSet {
  /** Runs a command line to its exit code. */
  readonly run: (argv: readonly string[], host: Host) => Promise<number>;
  /** The command, or the help, that a command line asks for is there. */
  readonly knows: (argv: readonly string[]) => boolean;
  /** The flags of a command, by its id. */
  readonly flagsOf: (id: string) => Promise<FlagTable>;
}

export interface Host {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Why stdout takes no more, once it does not: its reader left, its disk is full. */
  readonly outputFailure: () => Error | undefined;
  readonly interrupts: Interrupts;
  readonly nowMs: () => number;
  readonly settings: (flags: SettingsFlags) => CliSettings;
  /** Begins again as root of a user namespace where that is needed and can be; then never returns. */
  readonly enterUserNamespace: (settings: CliSettings) => void;
  readonly openEngine: (settings: Settings) => Promise<Engine>;
  /** Given by whoever runs command lines. */
  readonly commands?: CommandSet;
}

/** A host with some of it changed. A spread would open stdin, of which a container then misses what was read. */
export function hostWith(host: Host, changes: Partial<Host>): Host {
  return Object.create(Object.prototype, {
    ...Object.getOwnPropertyDescriptors(host),
    ...Object.getOwnPropertyDescriptors(changes),
  });
}

/** The real one. Installs signal handlers; the engine's code is loaded when one is opened. */
export function processHost(): Host {
  let outputFailure: Error | undefined;
  process.stdout.on('error', (error) => {
    outputFailure ??= error;
  });
  // There is nowhere left to say so.
  process.stderr.on('error', () => {});
  return {
    // Opened by who reads it: what we have begun to read a container does not get.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    outputFailure: () => outputFailure,
    interrupts: watchInterrupts(process),
    nowMs: Date.now,
    settings: processSettings,
    enterUserNamespace,
    openEngine: async (settings) => {
      const engine = await import('#engine.ts');
      return engine.openEngine({ ...settings, endsWithProcess: true });
    },
  };
}
