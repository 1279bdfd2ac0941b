/**
 * What a command has of the process around it, as one value: streams, clock, interrupts, and the
 * way to an engine. Tests hand in their own.
 */
import type { Readable, Writable } from 'node:stream';
import type { Engine, Settings } from '#engine.ts';
import { type Interrupts, watchInterrupts } from './interrupts.ts';
import { type CliSettings, processSettings } from './settings.ts';

export interface Host {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly interrupts: Interrupts;
  readonly nowMs: () => number;
  readonly settings: (flags: { readonly root?: string | undefined }) => CliSettings;
  readonly openEngine: (settings: Settings) => Promise<Engine>;
}

/** The real one. Installs signal handlers; the engine's code is loaded when one is opened. */
export function processHost(): Host {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    interrupts: watchInterrupts(process),
    nowMs: Date.now,
    settings: processSettings,
    openEngine: async (settings) => {
      const engine = await import('#engine.ts');
      return engine.openEngine(settings);
    },
  };
}

/** `slipway images | head -1` is no error. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
