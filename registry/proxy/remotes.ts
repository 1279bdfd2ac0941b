/**
 * Clients of upstreams, one for each of their repositories, since tokens are for one: kept for a while
 * after their last use, so that an image's blobs share connections and a token.
 */
import type { RemoteRepository } from '#remote/repository.ts';
import type { Origin } from './names.ts';

/** `via`: the header that says through whom the request came. @throws CONFIG_INVALID, REGISTRY_BLOCKED */
export type OpenUpstream = (origin: Origin, via: string) => Promise<RemoteRepository>;

const IDLE_MS = 60_000;

interface Opened {
  readonly remote: Promise<RemoteRepository>;
  users: number;
  idle: NodeJS.Timeout | undefined;
}

/** Its disposal lets go of the client; the client stays for others. */
export interface BorrowedRemote extends Disposable {
  readonly remote: RemoteRepository;
}

/** Disposing closes all; calls in progress fail. */
export class Remotes implements AsyncDisposable {
  readonly #open: OpenUpstream;
  readonly #opened = new Map<string, Opened>();

  constructor(open: OpenUpstream) {
    this.#open = open;
  }

  async borrow(origin: Origin, via: string): Promise<BorrowedRemote> {
    const key = `${origin.upstream.config.name} ${origin.repository} ${via}`;
    const opened = this.#opened.get(key) ?? this.#new(key, origin, via);
    clearTimeout(opened.idle);
    opened.users += 1;
    try {
      const remote = await opened.remote;
      return { remote, [Symbol.dispose]: () => this.#returned(key, opened) };
    } catch (error) {
      this.#opened.delete(key);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#opened.values()];
    this.#opened.clear();
    for (const { idle } of all) clearTimeout(idle);
    await Promise.allSettled(all.map(close));
  }

  #new(key: string, origin: Origin, via: string): Opened {
    const opened: Opened = { remote: this.#open(origin, via), users: 0, idle: undefined };
    this.#opened.set(key, opened);
    return opened;
  }

  #returned(key: string, opened: Opened): void {
    opened.users -= 1;
    if (opened.users > 0) return;
    opened.idle = setTimeout(() => {
      this.#opened.delete(key);
      close(opened).catch(() => {});
    }, IDLE_MS);
    opened.idle.unref();
  }
}

async function close({ remote }: Opened): Promise<void> {
  await (await remote)[Symbol.asyncDispose]();
}
