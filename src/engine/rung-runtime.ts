/**
 * The runtime of the rung that a machine allows. Known with the first container: a build without RUN
 * asks for no rung.
 */
import type { Rung } from '#runtime/ladder.ts';
import type { ContainerResult, HelperAnswer, RunContainer, Runtime } from '#runtime/runtime.ts';

export interface RungRuntimeOptions {
  readonly helper: string;
  readonly rung: () => Promise<Rung>;
}

export class RungRuntime implements Runtime {
  readonly name = 'launcher';
  readonly #options: RungRuntimeOptions;
  #runtime: Promise<Runtime> | undefined;

  constructor(options: RungRuntimeOptions) {
    this.#options = options;
  }

  async run(container: RunContainer): Promise<ContainerResult> {
    this.#runtime ??= this.#make();
    return await (await this.#runtime).run(container);
  }

  async pack(args: readonly string[]): Promise<HelperAnswer | undefined> {
    const runtime = await this.#runtime?.catch(() => undefined);
    return await runtime?.pack?.(args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // One that could not be made has reported so to whoever wanted a container.
    const runtime = await this.#runtime?.catch(() => undefined);
    await runtime?.[Symbol.asyncDispose]();
  }

  async #make(): Promise<Runtime> {
    const { helper, rung } = this.#options;
    if ((await rung()).isolation === 'chroot') {
      const { ChrootRuntime } = await import('#runtime/chroot.ts');
      return new ChrootRuntime({ helper });
    }
    const { Launcher } = await import('#runtime/launcher.ts');
    return new Launcher({ helper });
  }
}
