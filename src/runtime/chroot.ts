/**
 * Containers without namespaces, for where none can be made: `slipway-native chroot`, a process each.
 * Takes roots that are one folder (snapshot/plain-copy.ts) and no mounts of folders.
 */
import { resolve } from 'node:path';
import { SlipwayError } from '#core/errors.ts';
import { runForeground } from './foreground.ts';
import type { ContainerResult, RunContainer, Runtime } from './runtime.ts';

/** Disposing kills what runs, and waits. */
export class ChrootRuntime implements Runtime {
  readonly name = 'chroot';
  readonly #helper: string;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<ContainerResult>>();

  constructor({ helper }: { readonly helper: string }) {
    this.#helper = helper;
  }

  async run({ id, bundle, stdio, signal }: RunContainer): Promise<ContainerResult> {
    if (this.#closing.signal.aborted) {
      throw new SlipwayError('CANCELLED', 'the runtime was closed');
    }
    const running = runForeground({
      helper: this.#helper,
      id,
      bundle: resolve(bundle),
      inChroot: true,
      signal: AbortSignal.any([this.#closing.signal, ...(signal ? [signal] : [])]),
      stdio,
    });
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#running);
  }
}
