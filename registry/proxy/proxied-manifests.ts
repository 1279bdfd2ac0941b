/**
 * Manifests of an upstream: by digest from here once they were fetched, since content does not change; by
 * tag after asking, now and then, what the tag points to. An upstream that fails leaves what was here
 * before, with a warning; a tag that somebody pushed here is nobody else's business.
 */
import type { Descriptor } from '#core/descriptor.ts';
import { isDigest } from '#core/digest.ts';
import { isSlipwayError, type SlipwayError } from '#core/errors.ts';
import { childrenOf, decodeManifest } from '#core/manifest.ts';
import type { CallOptions, RawManifest } from '#core/repository.ts';
import type { ServedRepository } from '../provider.ts';
import { causeOf, failureOf, toldOf } from './failure.ts';
import { ask, PATIENCE_MS, type Proxied, type ProxyParts } from './parts.ts';
import { unlessAborted } from './single-flight.ts';

export class ProxiedManifests {
  readonly #parts: ProxyParts;
  readonly #proxied: Proxied;
  readonly #local: ServedRepository;

  constructor(parts: ProxyParts, proxied: Proxied) {
    this.#parts = parts;
    this.#proxied = proxied;
    this.#local = parts.cache.repository(proxied.name);
  }

  /** @throws MANIFEST_UNKNOWN, Refusal */
  async resolve(tagOrDigest: string, options: CallOptions = {}): Promise<Descriptor> {
    const here = await this.#here(tagOrDigest);
    if (here && this.#isGood(tagOrDigest)) {
      this.#count('hit');
      return here;
    }
    return await this.#asked(tagOrDigest, here, options);
  }

  async get(tagOrDigest: string, options: CallOptions = {}): Promise<RawManifest> {
    const { digest } = await this.resolve(tagOrDigest, options);
    try {
      const raw = await this.#local.getManifest(digest, options);
      this.#rememberSizes(raw);
      return raw;
    } catch (error) {
      if (!isSlipwayError(error, 'STORE_BROKEN')) throw error;
      // Its bytes are lost here: the upstream has them.
      await this.#local.deleteManifest(digest);
      await this.resolve(digest, options);
      return await this.#local.getManifest(digest, options);
    }
  }

  /** Sizes of the blobs that a manifest names, for who asks for one of them next. */
  #rememberSizes(raw: RawManifest): void {
    const manifest = decodeManifest(raw);
    if (manifest.kind !== 'image') return;
    for (const { digest, size } of childrenOf(manifest)) {
      this.#parts.sizes.add(this.#proxied.name, digest, size);
    }
  }

  async #here(tagOrDigest: string): Promise<Descriptor | undefined> {
    try {
      return await this.#local.resolve(tagOrDigest);
    } catch (error) {
      if (isSlipwayError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN')) return undefined;
      throw error;
    }
  }

  /** What is here needs no question. */
  #isGood(tagOrDigest: string): boolean {
    if (isDigest(tagOrDigest)) return true;
    const { origin, name } = this.#proxied;
    const checkedAtMs = this.#parts.cache.records.checkedAtMs(name, tagOrDigest);
    const { freshMs } = origin.upstream.config;
    return checkedAtMs === undefined || this.#parts.nowMs() < checkedAtMs + freshMs;
  }

  async #asked(
    tagOrDigest: string,
    here: Descriptor | undefined,
    options: CallOptions,
  ): Promise<Descriptor> {
    const { absent, flights } = this.#parts;
    const { name, origin, scope } = this.#proxied;
    const key = `${name} ${tagOrDigest}`;
    if (here && origin.upstream.rest.isResting) return this.#stale(tagOrDigest, here, undefined);
    const known = absent.get(key);
    if (known !== undefined) {
      this.#count('absent');
      throw toldOf(known, origin.upstream.config.name);
    }
    try {
      // Another way to us is another question: it may lead in a circle.
      const asking = flights.run(`${key} ${scope.via}`, () => this.#ask(tagOrDigest, here));
      await unlessAborted(asking, options.signal);
      return await this.#local.resolve(tagOrDigest);
    } catch (error) {
      const failure = failureOf(error);
      if (failure === 'unavailable' && here && isSlipwayError(error)) {
        return this.#stale(tagOrDigest, here, error);
      }
      if (failure === 'absent' || failure === 'denied') {
        absent.add(key, error);
        this.#count('absent');
      } else if (failure) this.#count('failed');
      throw toldOf(error, origin.upstream.config.name);
    }
  }

  /** Has what the upstream has now here. */
  async #ask(tagOrDigest: string, here: Descriptor | undefined): Promise<void> {
    const { records } = this.#parts.cache;
    const { name } = this.#proxied;
    const isTag = !isDigest(tagOrDigest);
    try {
      const raw = await this.#fetch(tagOrDigest, here);
      // Before the tag is: one without a record would be taken for somebody's who pushed it.
      if (isTag) records.checked(name, tagOrDigest, this.#parts.nowMs());
      if (raw) await this.#local.putManifest(raw, isTag ? { tag: tagOrDigest } : {});
      this.#count(raw ? 'miss' : 'hit');
    } catch (error) {
      const failure = failureOf(error);
      if (here && (failure === 'absent' || failure === 'denied')) await this.#drop(tagOrDigest);
      throw error;
    }
  }

  /** Undefined: what is here is what the upstream has. */
  async #fetch(
    tagOrDigest: string,
    here: Descriptor | undefined,
  ): Promise<RawManifest | undefined> {
    const patienceMs = here ? PATIENCE_MS.withCopy : PATIENCE_MS.without;
    return await ask(
      this.#parts,
      this.#proxied,
      async (remote, signal) => {
        const now = here && (await remote.resolve(tagOrDigest, { signal }));
        if (now && now.digest === here?.digest) return undefined;
        const raw = await remote.getManifest(now?.digest ?? tagOrDigest, { signal });
        this.#rememberSizes(raw);
        return raw;
      },
      patienceMs,
    );
  }

  /** The upstream has it no longer; by digest it stays for those who have the digest. */
  async #drop(tag: string): Promise<void> {
    await this.#local.deleteTag(tag);
    this.#parts.cache.records.forget(this.#proxied.name, tag);
  }

  #stale(tag: string, here: Descriptor, error: SlipwayError | undefined): Descriptor {
    const { name, origin, scope } = this.#proxied;
    const upstream = origin.upstream.config.name;
    this.#count('stale');
    const what = `${name}:${tag} is what it was when ${upstream} was last asked`;
    scope.warn(what);
    if (error) this.#parts.log(`proxy: ${what}: ${causeOf(error)}`);
    return here;
  }

  #count(result: 'hit' | 'miss' | 'stale' | 'absent' | 'failed'): void {
    this.#parts.figures.count(this.#proxied.origin.upstream.config.name, 'manifest', result);
  }
}
