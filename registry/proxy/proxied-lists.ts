/**
 * Lists of an upstream, of tags and of what refers to a manifest, together with what is here. Believed for
 * as long as a tag is; an upstream that fails leaves the list from before.
 */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import type { CallOptions } from '#core/repository.ts';
import type { RemoteRepository } from '#remote/repository.ts';
import type { RememberedList } from '#store/proxied-content.ts';
import type { ServedRepository } from '../provider.ts';
import { causeOf, failureOf, toldOf } from './failure.ts';
import { ask, PATIENCE_MS, type Proxied, type ProxyParts } from './parts.ts';
import { unlessAborted } from './single-flight.ts';

/** How one list is fetched and remembered. */
interface ListKind<T> {
  /** In words: what the list is of. */
  readonly of: string;
  fetch(remote: RemoteRepository, signal: AbortSignal): Promise<readonly T[]>;
  remembered(): RememberedList<T> | undefined;
  remember(list: RememberedList<T>): void;
}

export class ProxiedLists {
  readonly #parts: ProxyParts;
  readonly #proxied: Proxied;
  readonly #local: ServedRepository;

  constructor(parts: ProxyParts, proxied: Proxied) {
    this.#parts = parts;
    this.#proxied = proxied;
    this.#local = parts.cache.repository(proxied.name);
  }

  /** Sorted by bytes. */
  async tags(options: CallOptions): Promise<readonly string[]> {
    const { records } = this.#parts.cache;
    const { name } = this.#proxied;
    const theirs = await this.#list(
      {
        of: 'tags',
        fetch: async (remote, signal) => await Array.fromAsync(remote.tags({ signal })),
        remembered: () => records.tags(name),
        remember: (list) => records.rememberTags(name, list),
      },
      options,
    );
    const ours = await Array.fromAsync(this.#local.tags(options));
    return [...new Set([...theirs, ...ours])].sort();
  }

  /** Each once. */
  async referrers(subject: Digest, options: CallOptions): Promise<readonly Descriptor[]> {
    const { records } = this.#parts.cache;
    const { name } = this.#proxied;
    const theirs = await this.#list(
      {
        of: `referrers of ${subject}`,
        fetch: (remote, signal) => remote.referrers(subject, { signal }),
        remembered: () => records.referrers(name, subject),
        remember: (list) => records.rememberReferrers(name, subject, list),
      },
      options,
    );
    const ours = await this.#local.referrers(subject, options);
    return [...new Map([...theirs, ...ours].map((one) => [one.digest, one])).values()];
  }

  async #list<T>(kind: ListKind<T>, options: CallOptions): Promise<readonly T[]> {
    const { flights, nowMs } = this.#parts;
    const { name, origin, scope } = this.#proxied;
    const { config, rest } = origin.upstream;
    const before = kind.remembered();
    if (before && nowMs() < before.checkedAtMs + config.freshMs) {
      this.#count('hit');
      return before.items;
    }
    if (before && rest.isResting) return this.#stale(kind, before.items, undefined);
    try {
      const asking = flights.run(`${name} ${kind.of} ${scope.via}`, () => this.#ask(kind, before));
      await unlessAborted(asking, options.signal);
      return kind.remembered()?.items ?? [];
    } catch (error) {
      const failure = failureOf(error);
      // A repository that is only here is no fault of the upstream.
      if (failure === 'absent' || failure === 'denied') return [];
      if (failure !== 'unavailable') throw error;
      if (before || (await this.#local.exists()))
        return this.#stale(kind, before?.items ?? [], error);
      this.#count('failed');
      throw toldOf(error, config.name);
    }
  }

  async #ask<T>(kind: ListKind<T>, before: RememberedList<T> | undefined): Promise<void> {
    const patienceMs = before ? PATIENCE_MS.withCopy : PATIENCE_MS.without;
    const items = await ask(
      this.#parts,
      this.#proxied,
      (...call) => kind.fetch(...call),
      patienceMs,
    );
    kind.remember({ items, checkedAtMs: this.#parts.nowMs() });
    this.#count('miss');
  }

  #stale<T>(kind: ListKind<T>, items: readonly T[], error: unknown): readonly T[] {
    const { name, origin, scope } = this.#proxied;
    this.#count('stale');
    const what = `the ${kind.of} in ${name} are those from when ${origin.upstream.config.name} was last asked`;
    scope.warn(what);
    if (isSlipwayError(error)) this.#parts.log(`proxy: ${what}: ${causeOf(error)}`);
    return items;
  }

  #count(result: 'hit' | 'miss' | 'stale' | 'failed'): void {
    this.#parts.figures.count(this.#proxied.origin.upstream.config.name, 'list', result);
  }
}
