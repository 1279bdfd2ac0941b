/** The command line of this process, from its words to its end. */
import type { Writable } from 'node:stream';
import { processHost } from './host.ts';
import { runCli } from './run-cli.ts';

/**
 * Ends the process when the command has let go of all it held: taking apart what Node has set up takes
 * longer than many a command.
 */
export async function runProcess(argv: readonly string[]): Promise<never> {
  const host = processHost();
  process.exitCode = await runCli(argv, host);
  // A write that waits for a reader, which may never come, would keep an interrupted process alive.
  if (host.interrupts.exitCode() === undefined) {
    await Promise.all([taken(host.stdout), taken(host.stderr)]);
  }
  process.exit();
}

/** Whether a reader got it all or left: nothing is under way any more. */
async function taken(stream: Writable): Promise<void> {
  if (stream.writableLength === 0) return;
  await new Promise<void>((resolve) => stream.write('', () => resolve()));
}
