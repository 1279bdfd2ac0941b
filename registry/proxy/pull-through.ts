/**
 * The pull-through cache: in front of a provider, it answers for repositories of upstreams with what is
 * here, and with what the upstream has. Everything else is the provider's alone.
 */
import type { ProxyConfig } from '#core/registry-config.ts';
import type { RegistryProvider } from '../provider.ts';
import { Arrivals } from './arrivals.ts';
import type { ProxyCache } from './cache.ts';
import { NO_FIGURES, type ProxyFigures } from './figures.ts';
import { hopsIn, newPseudonym, refuseLoop, withHop } from './loop.ts';
import { Absent, BlobSizes } from './memory.ts';
import { originOf, placeOf } from './names.ts';
import type { ProxyParts, RequestScope } from './parts.ts';
import { proxiedRepository } from './proxied-repository.ts';
import { refusePush } from './push.ts';
import { type OpenUpstream, Remotes } from './remotes.ts';
import { SingleFlight } from './single-flight.ts';
import { openUpstream, type Upstream } from './upstream.ts';

export interface PullThroughOptions {
  readonly config: ProxyConfig;
  /** What it stands in front of. */
  readonly local: RegistryProvider;
  readonly cache: ProxyCache;
  readonly open: OpenUpstream;
  readonly figures?: ProxyFigures;
  /** A line for each failure of an upstream that clients do not see. */
  readonly log?: (line: string) => void;
  readonly nowMs?: () => number;
}

/** Disposing stops what is on its way; dispose it after the server. */
export class PullThrough implements AsyncDisposable {
  readonly #options: PullThroughOptions;
  readonly #upstreams: readonly Upstream[];
  readonly #parts: ProxyParts;
  readonly #pseudonym = newPseudonym();

  constructor(options: PullThroughOptions) {
    const { config, cache, open, figures = NO_FIGURES, log = () => {}, nowMs = Date.now } = options;
    this.#options = options;
    this.#upstreams = config.upstreams.map((upstream) => openUpstream(upstream, nowMs));
    this.#parts = {
      cache,
      remotes: new Remotes(open),
      arrivals: new Arrivals(cache),
      flights: new SingleFlight(),
      blobFlights: new SingleFlight(),
      absent: new Absent(nowMs),
      sizes: new BlobSizes(),
      figures,
      log,
      nowMs,
    };
  }

  /** Under which name a repository is kept that a request names. @throws Refusal */
  async place(name: string, namespace: string | null = null): Promise<string> {
    const { local, config } = this.#options;
    return await placeOf(name, namespace, {
      upstreams: this.#upstreams,
      ownNames: config.ownNames,
      isLocal: (own) => local.repository(own).exists(),
    });
  }

  /** The provider for one request, by its Via header. Names are those of {@link place}. @throws Refusal 508 */
  forRequest(via: string | undefined, warn: RequestScope['warn']): RegistryProvider {
    const { local } = this.#options;
    const hops = hopsIn(via);
    refuseLoop(hops, this.#pseudonym);
    const scope = { via: withHop(hops, this.#pseudonym), warn };
    return {
      ...local,
      repository: (name) => {
        const origin = originOf(name, this.#upstreams);
        const own = local.repository(name);
        return origin ? proxiedRepository(this.#parts, { name, origin, scope }, own) : own;
      },
      uploads: {
        create: async (options) => {
          const origin = originOf(options.repository, this.#upstreams);
          if (origin) refusePush({ name: options.repository, origin });
          return await local.uploads.create(options);
        },
        open: (key) => local.uploads.open(key),
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.arrivals[Symbol.asyncDispose]();
    await this.#parts.remotes[Symbol.asyncDispose]();
  }
}
