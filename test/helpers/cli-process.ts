/** Runs the real command, bin/slipway, as a process of its own on a store of its own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export const PROJECT = join(import.meta.dirname, '../..');
export const SLIPWAY = join(PROJECT, 'bin/slipway');

export interface CliOutcome {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** The store. */
  readonly root?: string;
  readonly cwd?: string;
  /** TMPDIR. */
  readonly temporary?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  /** What is started in place of bin/slipway: a link to it. */
  readonly program?: string;
  /** Uid and gid to run as; needs root. */
  readonly user?: number;
  /** A descriptor to be its stdout; nothing is collected then. */
  readonly stdout?: number;
}

/** A running command; `outcome` when it has ended. */
export interface CliProcess {
  readonly pid: number;
  readonly outcome: Promise<CliOutcome>;
  /** Resolves with the first line of stdout. */
  readonly firstLine: Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Reads no more of its stdout, as `head` does when it has enough. */
  closeStdout(): void;
  /** Calls back with all of stderr so far whenever it grows. */
  onLog(listener: (text: string) => void): void;
}

export function startSlipway(argv: readonly string[], options: CliOptions = {}): CliProcess {
  const child = spawn(options.program ?? SLIPWAY, [...argv], {
    cwd: options.cwd,
    env: {
      PATH: process.env.PATH,
      HOME: '/nonexistent',
      ...(options.root === undefined ? {} : { SLIPWAY_ROOT: options.root }),
      ...(options.temporary === undefined ? {} : { TMPDIR: options.temporary }),
      ...options.environment,
    },
    ...(options.user === undefined ? {} : { uid: options.user, gid: options.user }),
    stdio: ['pipe', options.stdout ?? 'pipe', 'pipe'],
  });
  const { stdin, stderr: log } = child;
  assert.ok(stdin && log);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const firstLine = Promise.withResolvers<string>();
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout.push(chunk);
    const text = Buffer.concat(stdout).toString('utf8');
    if (text.includes('\n')) firstLine.resolve(text.slice(0, text.indexOf('\n')));
  });
  log.on('data', (chunk: Buffer) => void stderr.push(chunk));
  stdin.on('error', () => {});
  stdin.end(options.input ?? '');
  const outcome = new Promise<CliOutcome>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({
        exitCode: code ?? undefined,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
      });
      const text = Buffer.concat(stderr).toString('utf8');
      firstLine.reject(new Error(`it ended without a line: ${text}`));
    });
  });
  // Who waits for the outcome only must not be told of a first line that never came.
  firstLine.promise.catch(() => {});
  return {
    pid: child.pid ?? -1,
    outcome,
    firstLine: firstLine.promise,
    kill: (signal) => void child.kill(signal),
    closeStdout: () => void child.stdout?.destroy(),
    onLog: (listener) => {
      log.on('data', () => listener(Buffer.concat(stderr).toString('utf8')));
    },
  };
}

/** To the end. */
export function slipway(argv: readonly string[], options: CliOptions = {}): Promise<CliOutcome> {
  return startSlipway(argv, options).outcome;
}
