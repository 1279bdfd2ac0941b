/**
 * What the engine's operations share, each made when first asked for and disposed with the engine:
 * the store, the native helper, the container runtime, the snapshotter.
 */
import pLimit, { type LimitFunction } from 'p-limit';
import { SlipwayError } from '#core/errors.ts';
import type { EventSink } from '#core/events.ts';
import type { Settings } from '#engine.ts';
import { NativeHelper } from '#layer/native.ts';
import type { Attempt } from '#runtime/probe.ts';
import type { Runtime } from '#runtime/runtime.ts';
import type { Snapshotter } from '#snapshot/snapshotter.ts';
import { LocalStore } from '#store/local-store.ts';

export class Resources implements AsyncDisposable {
  readonly settings: Settings;
  readonly helper: NativeHelper;
  /** The named limit of blobs on their way, whatever they are for. */
  readonly transfers: LimitFunction;
  readonly #stack = new AsyncDisposableStack();
  #store: Promise<LocalStore> | undefined;
  #snapshotter: Promise<Snapshotter> | undefined;

  constructor(settings: Settings) {
    this.settings = settings;
    this.helper = new NativeHelper(settings.helper);
    this.transfers = pLimit(settings.parallelTransfers);
  }

  store(): Promise<LocalStore> {
    this.#store ??= this.#open(LocalStore.open({ root: this.settings.root }));
    return this.#store;
  }

  /** A runtime of the caller's own: one resident helper a build, so that its death ends with it. */
  async runtime(): Promise<Runtime> {
    const { Launcher } = await import('#runtime/launcher.ts');
    return new Launcher({ helper: this.settings.helper });
  }

  /** Probed once; `events` hears which rung of the ladder it is, and why. */
  snapshotter(events: EventSink): Promise<Snapshotter> {
    this.#snapshotter ??= this.#choose(events);
    return this.#snapshotter;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #open<T extends AsyncDisposable>(opening: Promise<T>): Promise<T> {
    return this.#stack.use(await opening);
  }

  async #choose(events: EventSink): Promise<Snapshotter> {
    const { paths } = await this.store();
    const { probe } = await import('#runtime/probe.ts');
    const { erofs, erofsFile, overlay } = await probe({
      helper: this.settings.helper,
      store: paths.root,
    });
    if (!overlay.works) {
      throw new SlipwayError(
        'ISOLATION_UNAVAILABLE',
        `RUN needs an overlay mount: ${reasonOf(overlay)}`,
        {
          hint: `${fixOf(overlay) ?? 'run as root on a kernel with overlayfs'}; a Dockerfile without RUN needs none of this`,
        },
      );
    }
    const wanted = this.settings.snapshotter;
    if (wanted !== 'folders' && erofs !== 'none') {
      const { erofsSnapshotter } = await import('#snapshot/erofs-overlay.ts');
      return erofsSnapshotter(paths, { backing: erofs });
    }
    if (wanted === 'erofs') {
      throw new SlipwayError(
        'SNAPSHOT_FAILED',
        `EROFS images cannot be mounted here: ${reasonOf(erofsFile)}`,
        {
          hint: 'set SLIPWAY_SNAPSHOTTER=folders, or auto to leave the choice to Slipway',
        },
      );
    }
    if (wanted === 'auto') {
      events({
        kind: 'note',
        level: 'info',
        text: `layers are unpacked into folders: EROFS images cannot be mounted here (${reasonOf(erofsFile)})`,
      });
    }
    const { folderSnapshotter } = await import('#snapshot/folder-overlay.ts');
    return folderSnapshotter(paths, this.helper);
  }
}

/** What the helper, which knows the call that failed, proposes. */
function fixOf({ error }: Attempt): string | undefined {
  return error?.hint || undefined;
}

function reasonOf({ error }: Attempt): string {
  return error ? `${error.call}: ${error.reason}` : 'not known';
}
