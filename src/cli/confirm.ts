/** The question before something is removed for good. */
import { createInterface } from 'node:readline';
import type { Host } from './host.ts';

/** Asks on stdout; only `y` in either case is yes, an ended stdin is no. @throws what the interrupt says */
export async function confirm(host: Host, warning: string): Promise<boolean> {
  host.stdout.write(`${warning} [y/N] `);
  const { signal } = host.interrupts;
  signal.throwIfAborted();
  const lines = createInterface({ input: host.stdin, terminal: false, signal });
  try {
    for await (const line of lines) return line.trim().toLowerCase() === 'y';
    signal.throwIfAborted();
    return false;
  } finally {
    lines.close();
  }
}
