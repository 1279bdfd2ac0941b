/**
 * `slipway-native run` as a Runtime that captures: what the launcher does for inherited stdio, with pipes in
 * the place of this process's own.
 */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { SlipwayError } from '#core/errors.ts';
import { containerResult, launchError, parseStatusLine } from '#runtime/launch-error.ts';
import type { ContainerResult, RunContainer, Runtime } from '#runtime/runtime.ts';

/** GUARD_KILL of native/src/guard.h. */
const KILL_CONTAINER = 40;

export class ForegroundRuntime implements Runtime {
  readonly name = 'foreground';
  readonly #helper: string;

  constructor(helper: string) {
    this.#helper = helper;
  }

  async run({ id, bundle, stdio, signal }: RunContainer): Promise<ContainerResult> {
    const child = spawn(this.#helper, ['run', '--bundle', bundle, '--status-fd', '3', id], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    const { pid = 0 } = child;
    signal?.addEventListener('abort', () => process.kill(pid, KILL_CONTAINER));
    let status = '';
    const [, stdout, stderr, lines] = child.stdio as (Readable | null)[];
    lines?.on('data', (bytes: Uint8Array) => {
      status += bytes.toString();
    });
    stdout?.on(
      'data',
      (bytes: Uint8Array) => stdio.kind === 'capture' && stdio.output('stdout', bytes),
    );
    stderr?.on(
      'data',
      (bytes: Uint8Array) => stdio.kind === 'capture' && stdio.output('stderr', bytes),
    );
    await new Promise((resolve) => child.once('close', resolve));
    if (signal?.aborted) throw new SlipwayError('CANCELLED', 'the container was stopped');
    const last = parseStatusLine(status.trimEnd().split('\n').at(-1) ?? '');
    if (last.status === 'error') throw launchError(last);
    if (last.status === 'exited') return containerResult(last);
    throw new Error(`no end was reported: ${status}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
