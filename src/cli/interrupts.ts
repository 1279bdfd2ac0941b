/**
 * Ctrl-C and SIGTERM: the first one asks everything under way to stop through one AbortSignal, so
 * that what is held is let go; a second one ends the process at once. Exit code 128 + signal.
 */
import { SlipwayError } from '#core/errors.ts';

export interface Interrupts {
  readonly signal: AbortSignal;
  /** 130 after SIGINT, 143 after SIGTERM; undefined while nothing came. */
  exitCode(): number | undefined;
}

/** The part of `process` that is needed. */
export interface SignalSource {
  on(name: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  exit(code: number): void;
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

export function watchInterrupts(source: SignalSource): Interrupts {
  const controller = new AbortController();
  let code: number | undefined;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    source.on(name, () => {
      if (code !== undefined) source.exit(EXIT_CODES[name]);
      code ??= EXIT_CODES[name];
      controller.abort(new SlipwayError('CANCELLED', 'canceled'));
    });
  }
  return { signal: controller.signal, exitCode: () => code };
}
