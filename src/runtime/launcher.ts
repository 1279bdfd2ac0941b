/** Our own runtime: bundles started by the native launcher. */
import { resolve } from 'node:path';
import { SlipwayError } from '#core/errors.ts';
import { runForeground } from './foreground.ts';
import { ResidentHelper } from './resident-helper.ts';
import type { ContainerResult, HelperAnswer, RunContainer, Runtime } from './runtime.ts';

export interface LauncherOptions {
  /** Path of the `slipway-native` executable. */
  readonly helper: string;
}

/**
 * Captured containers share one resident helper, started by the first of them; it keeps the mounts
 * of their layers. Containers with inherited stdio get a process each. Disposing kills all of the
 * former and waits.
 */
export class Launcher implements Runtime {
  readonly name = 'launcher';
  readonly #helper: string;
  #resident: Promise<ResidentHelper> | undefined;
  #isClosed = false;

  constructor({ helper }: LauncherOptions) {
    this.#helper = helper;
  }

  async run(container: RunContainer): Promise<ContainerResult> {
    const { id, stdio } = container;
    const bundle = resolve(container.bundle);
    const signal = container.signal ? { signal: container.signal } : {};
    if (this.#isClosed) throw new SlipwayError('CANCELLED', 'the runtime was closed');
    if (stdio.kind === 'inherit') {
      return await runForeground({ helper: this.#helper, id, bundle, stdio, ...signal });
    }
    const resident = await this.#start();
    return await resident.run({ bundle, output: stdio.output, ...signal });
  }

  async pack(args: readonly string[]): Promise<HelperAnswer | undefined> {
    const resident = await this.#resident?.catch(() => undefined);
    return await resident?.pack(args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    // One that never started has reported so to whoever wanted a container.
    const resident = await this.#resident?.catch(() => undefined);
    await resident?.[Symbol.asyncDispose]();
  }

  /** The one helper. A failed start, or a helper that died, is tried again by the next container. */
  #start(): Promise<ResidentHelper> {
    if (!this.#resident) {
      const starting = ResidentHelper.start(this.#helper, () => this.#forget(starting));
      this.#resident = starting;
      starting.catch(() => this.#forget(starting));
    }
    return this.#resident;
  }

  #forget(resident: Promise<ResidentHelper>): void {
    if (this.#resident === resident) this.#resident = undefined;
  }
}
