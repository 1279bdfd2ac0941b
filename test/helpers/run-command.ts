/** Runs one command line in this process on a fake engine, and says all that came of it. */
import { PassThrough } from 'node:stream';
import type { Host } from '#cli/host.ts';
import { runCli } from '#cli/run-cli.ts';
import { resolveSettings } from '#cli/settings.ts';
import type { Engine } from '#engine.ts';

export interface CommandOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly engine?: Engine;
  readonly environment?: Readonly<Record<string, string>>;
  readonly interrupts?: Host['interrupts'];
  /** Both ends are terminals. */
  readonly isTTY?: boolean;
  /** What stdin holds before it ends. Absent: it stays open. */
  readonly input?: string | Buffer;
  /** Called when the command opens stdin. */
  readonly onStdin?: () => void;
}

/** What the clock of such a command shows. */
export const NOW_MS = Date.UTC(2026, 10, 21, 12);

export async function runCommand(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutcome> {
  const stdout = collector(options.isTTY);
  const stderr = collector(options.isTTY);
  const stdin = new PassThrough();
  if (options.input !== undefined) stdin.end(options.input);
  const host: Host = {
    get stdin() {
      options.onStdin?.();
      return Object.assign(stdin, { isTTY: options.isTTY ?? false });
    },
    stdout: stdout.stream,
    stderr: stderr.stream,
    outputFailure: () => undefined,
    interrupts: options.interrupts ?? {
      signal: new AbortController().signal,
      exitCode: () => undefined,
    },
    nowMs: () => NOW_MS,
    settings: (flags) =>
      resolveSettings({ environment: options.environment ?? {}, isRoot: true, ...flags }),
    enterUserNamespace: () => {},
    openEngine: async () => {
      if (!options.engine) throw new Error('the test does not expect an engine');
      return options.engine;
    },
  };
  const exitCode = await runCli(argv, host);
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
}

function collector(isTTY = false): { stream: Host['stdout']; text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
  return {
    stream: Object.assign(stream, { isTTY }),
    text: () => Buffer.concat([...chunks, stream.read() ?? Buffer.alloc(0)]).toString('utf8'),
  };
}
