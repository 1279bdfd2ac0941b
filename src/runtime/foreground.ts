/**
 * One container with this process's own stdin, stdout and stderr: `slipway-native run`, started
 * directly. Signals that reach us are passed on; the container decides what they mean.
 */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { SlipwayError } from '#core/errors.ts';
import { ended, helperEnded, helperMissing } from './helper-process.ts';
import { containerResult, launchError, parseStatusLine, type StatusLine } from './launch-error.ts';
import { cancelled } from './resident-helper.ts';
import type { ContainerResult, RunContainer } from './runtime.ts';

/** GUARD_KILL of native/src/guard.h: ends the container, and `run` when it has ended. */
export const KILL_CONTAINER = 40;
/** SIGWINCH: a container's terminal has the size of ours. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGWINCH'] as const;
const STATUS_BYTES_MAX = 64 * 1024;

export interface ForegroundContainer {
  readonly helper: string;
  readonly id: string;
  readonly bundle: string;
  readonly signal?: AbortSignal;
  /** Without namespaces (chroot.c). Absent: with them (run.c). */
  readonly inChroot?: boolean;
  readonly stdio: RunContainer['stdio'];
}

/** @throws as Runtime.run */
export async function runForeground(container: ForegroundContainer): Promise<ContainerResult> {
  const { helper, id, bundle, signal, stdio } = container;
  if (signal?.aborted) throw cancelled(signal);
  // Before the start: a signal must never find us between the container and its forwarding.
  let child: ChildProcess | undefined;
  const isHangUp = (name: NodeJS.Signals): boolean =>
    name === 'SIGHUP' && stdio.kind === 'inherit' && stdio.hasTerminal === true;
  using _forwarding = forwardSignals((name) => {
    if (!isHangUp(name)) child?.kill(name);
    else if (child?.pid !== undefined) process.kill(child.pid, KILL_CONTAINER);
  });
  const place = ['--bundle', bundle, '--status-fd', '3'];
  child = spawn(helper, container.inChroot ? ['chroot', ...place] : ['run', ...place, id], {
    stdio: processStdio(stdio),
    // A session of its own: Ctrl-C then reaches the container once, through us.
    detached: true,
  });
  if (stdio.kind === 'capture') {
    child.stdout?.on('data', (bytes: Buffer) => stdio.output('stdout', bytes));
    child.stderr?.on('data', (bytes: Buffer) => stdio.output('stderr', bytes));
  }
  const status = readStatus(child);
  const end = ended(child).catch((cause: unknown) => {
    throw helperMissing(helper, cause);
  });
  const { pid } = child;
  const kill = (): void => {
    if (pid !== undefined && child?.exitCode === null) process.kill(pid, KILL_CONTAINER);
  };
  signal?.addEventListener('abort', kill);
  try {
    const exitCode = await end;
    if (signal?.aborted) throw cancelled(signal);
    return outcome(status(), exitCode);
  } finally {
    signal?.removeEventListener('abort', kill);
  }
}

/** With a pipe for status lines behind them. */
export function processStdio(stdio: RunContainer['stdio']): StdioOptions {
  if (stdio.kind === 'capture') return ['ignore', 'pipe', 'pipe', 'pipe'];
  return [stdio.hasInput ? 'inherit' : 'ignore', 'inherit', 'inherit', 'pipe'];
}

function outcome(lines: readonly StatusLine[], exitCode: number | string): ContainerResult {
  const last = lines.at(-1);
  if (last?.status === 'exited') return containerResult(last);
  if (last?.status === 'error') throw launchError(last);
  // A signal that we passed on came before the helper could take it for the container.
  if (exitCode === 'SIGINT' || exitCode === 'SIGTERM') {
    throw new SlipwayError('CANCELLED', 'the container was stopped before it started');
  }
  throw helperEnded(exitCode, '');
}

/** Collects status lines; call the result when the process has closed. */
export function readStatus(child: ChildProcess): () => readonly StatusLine[] {
  let text = '';
  const stream = child.stdio[3];
  if (stream instanceof Socket) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > STATUS_BYTES_MAX) stream.destroy();
    });
    stream.on('error', () => {});
  }
  return () => {
    const lines = text.split('\n').filter((line) => line !== '');
    return lines.map((line) => parseStatusLine(line));
  };
}

/** While it lives, our signals are the container's. */
export function forwardSignals(forward: (name: NodeJS.Signals) => void): Disposable {
  for (const name of FORWARDED) process.on(name, forward);
  return {
    [Symbol.dispose]: () => {
      for (const name of FORWARDED) process.off(name, forward);
    },
  };
}
