/** The command line of this process, from its words to its end. */
import { writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { processHost } from './host.ts';
import { runCli } from './run-cli.ts';

/**
 * Ends the process when the command has let go of all it held: taking apart what Node has set up takes
 * longer than many a command.
 */
export async function runProcess(argv: readonly string[]): Promise<never> {
  const host = processHost();
  process.once('beforeExit', endedEarly);
  process.exitCode = await runCli(argv, host);
  // A write that waits for a reader, which may never come, would keep an interrupted process alive.
  if (host.interrupts.exitCode() === undefined) {
    await Promise.all([taken(host.stdout), taken(host.stderr)]);
  }
  process.exit();
}

/** Nothing is left that could happen, and the command still waits: it must not look as if it had succeeded. */
function endedEarly(): never {
  writeSync(
    2,
    'ERROR: internal error: the command waits for something that cannot happen any more\n',
  );
  writeSync(2, '  fix: this is a bug in Slipway; please report it with the command\n');
  process.exit(1);
}

/** Whether a reader got it all or left: nothing is under way any more. */
async function taken(stream: Writable): Promise<void> {
  if (stream.writableLength === 0) return;
  await new Promise<void>((resolve) => stream.write('', () => resolve()));
}
