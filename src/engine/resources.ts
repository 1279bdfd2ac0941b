/**
 * What the engine's operations share, each made when first asked for and disposed with the engine:
 * the store, the native helper, the container runtime, the snapshotter.
 */
import pLimit, { type LimitFunction } from 'p-limit';
import { SlipwayError } from '#core/errors.ts';
import { type EventSink, ignoreEvents } from '#core/events.ts';
import { NO_REGISTRY_SETTINGS } from '#core/registry-settings.ts';
import type { Settings } from '#engine.ts';
import { NativeHelper } from '#layer/native.ts';
import type { Registries } from '#remote/registries/registries.ts';
import type { Runtime } from '#runtime/runtime.ts';
import type { Snapshotter } from '#snapshot/snapshotter.ts';
import { LocalStore } from '#store/local-store.ts';
import type { Isolation } from './isolation.ts';

/** A chroot is made by our helper: no other runtime knows containers without namespaces. */
function noRuntime(name: string): SlipwayError {
  return new SlipwayError('USAGE', `--runtime ${name} and --isolation chroot exclude each other`, {
    hint: 'leave one of them out: a chroot has no namespaces that a runtime could make',
  });
}

export class Resources implements AsyncDisposable {
  readonly settings: Settings;
  readonly helper: NativeHelper;
  /** The named limit of blobs on their way, whatever they are for. */
  readonly transfers: LimitFunction;
  readonly #stack = new AsyncDisposableStack();
  #store: Promise<LocalStore> | undefined;
  #isolation: Promise<Isolation> | undefined;
  #registries: Promise<Registries> | undefined;

  /** @throws USAGE */
  constructor(settings: Settings) {
    const { runtime, isolation } = settings;
    if (runtime && isolation === 'chroot') throw noRuntime(runtime.name);
    this.settings = settings;
    this.helper = new NativeHelper(settings.helper);
    this.transfers = pLimit(settings.parallelTransfers);
  }

  store(): Promise<LocalStore> {
    const { root, endsWithProcess = false } = this.settings;
    this.#store ??= this.#open(LocalStore.open({ root, endsWithProcess }));
    return this.#store;
  }

  /** Read once: how registries are reached. Loaded by what talks to one. */
  registries(): Promise<Registries> {
    this.#registries ??= this.#readRegistries();
    return this.#registries;
  }

  async #readRegistries(): Promise<Registries> {
    const { Registries } = await import('#remote/registries/registries.ts');
    return new Registries(this.settings.registries ?? NO_REGISTRY_SETTINGS);
  }

  /** A runtime of the caller's own: one resident helper a build, so that its death ends with it. */
  async runtime(): Promise<Runtime> {
    const { helper, runtime } = this.settings;
    if (runtime) {
      const { findRuntime, OciCli } = await import('#runtime/oci-cli.ts');
      return new OciCli({ helper, program: findRuntime(runtime.name, runtime.searchPath) });
    }
    const { RungRuntime } = await import('./rung-runtime.ts');
    return new RungRuntime({ helper, rung: async () => (await this.#chosen(ignoreEvents)).rung });
  }

  /** Probed once; `events` hears which rung of the ladder it is, and why. */
  async snapshotter(events: EventSink): Promise<Snapshotter> {
    return (await this.#chosen(events)).snapshotter;
  }

  #chosen(events: EventSink): Promise<Isolation> {
    this.#isolation ??= this.#choose(events);
    return this.#isolation;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #open<T extends AsyncDisposable>(opening: Promise<T>): Promise<T> {
    return this.#stack.use(await opening);
  }

  async #choose(events: EventSink): Promise<Isolation> {
    const { paths } = await this.store();
    const { chooseIsolation } = await import('./isolation.ts');
    return await chooseIsolation(this.settings, { paths, helper: this.helper, events });
  }
}
