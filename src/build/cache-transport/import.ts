/**
 * `--cache-from`: records of caches elsewhere. Only their lists are read at the start; a layer comes
 * when a step asks for it, is verified, and is then a record of the local store like any other.
 */
import type { CacheSource } from '#core/build-cache.ts';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { decodeManifest, type ImageManifest } from '#core/manifest.ts';
import { OCI_LAYER } from '#core/media-type.ts';
import type { Platform } from '#core/platform.ts';
import { selectManifest } from '#image/select.ts';
import type { LayerFiles } from '#layer/layer.ts';
import type { CacheKey } from '../cache-key.ts';
import type { BuildSession, MadeLayer } from '../session.ts';
import {
  CACHE_CONFIG_TYPE,
  type CacheDocument,
  cacheInvalid,
  DOCUMENT_BYTES_MAX,
  decodeCache,
  INLINE_ANNOTATION,
} from './document.ts';
import { type CacheFacts, readFacts } from './facts-layer.ts';
import { CacheOffers, type OfferedLayer } from './offers.ts';
import { type CacheOrigin, impatient, STALL_MS } from './patience.ts';
import { nameOfPlace, type OpenedPlace, openPlace } from './places.ts';

/** What the rest of a build sees of them. */
export type OpenedCaches = Pick<ImportedCaches, 'find' | 'mount' | 'fetch' | 'facts'>;

/** What a build has before any cache was opened. */
export const NO_CACHES: OpenedCaches = {
  find: async () => undefined,
  facts: async () => [],
  mount: () => undefined,
  fetch: ({ diffId }) => Promise.reject(cacheInvalid(`nobody offers ${diffId}`)),
};

export class ImportedCaches implements AsyncDisposable {
  readonly #session: BuildSession;
  readonly #offers = new CacheOffers();
  readonly #places: OpenedPlace[] = [];
  #facts: Promise<readonly CacheFacts[]> | undefined;

  private constructor(session: BuildSession) {
    this.#session = session;
  }

  /** Reads the lists of all caches. One that cannot be read is told, and the build does without it. */
  static async open(
    session: BuildSession,
    sources: readonly CacheSource[],
  ): Promise<ImportedCaches> {
    const caches = new ImportedCaches(session);
    for (const source of sources) {
      try {
        await session.vertices.run(`importing cache manifest from ${nameOfPlace(source)}`, () =>
          caches.#read(source),
        );
      } catch (error) {
        if (!isSlipwayError(error) || error.kind === 'cancelled') throw error;
        session.vertices.note('warning', `no cache from ${nameOfPlace(source)}: ${error.message}`);
      }
    }
    const { explainer } = session;
    if (explainer) for (const facts of await caches.facts()) explainer.alsoKnows(facts);
    return caches;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const place of this.#places) await place[Symbol.asyncDispose]();
  }

  /** The layer under a key, which is in the store afterwards; a lost or damaged one is a miss. */
  async find(key: CacheKey): Promise<MadeLayer | undefined> {
    const offer = this.#offers.steps.get(key);
    if (!offer) return undefined;
    const { diffId, createdAt, description } = offer;
    try {
      await this.fetch(offer);
    } catch (error) {
      if (!isSlipwayError(error) || error.kind === 'cancelled') throw error;
      if (error.kind === 'unavailable') return undefined;
      const text = `cached layer ${offer.descriptor.digest} of ${JSON.stringify(description)} cannot be used: ${error.message}`;
      this.#session.vertices.note('warning', text);
      this.#offers.forgetLayer(offer);
      return undefined;
    }
    const { store } = this.#session;
    // All that are known of the layer, or who exports it again would know less of it.
    const madeAtMs = Date.parse(createdAt);
    store.records.save({ key, diffId, createdAt, madeAtMs, description });
    store.records.adopt(this.#offers.recordsOf(diffId));
    const plain = await store.blobs(this.#session.lease).stat(diffId);
    if (!plain) return undefined;
    await this.#session.cap?.grown(offer.descriptor.size + plain.size);
    const descriptor = { mediaType: OCI_LAYER, digest: diffId, size: plain.size };
    return { layer: { diffId, descriptor }, created: createdAt, madeAtMs };
  }

  /** The folder of a cache mount, if a cache has it; nothing is fetched yet. */
  mount(id: string): OfferedLayer | undefined {
    return this.#offers.mounts.get(id);
  }

  /** What the steps of the caches were made of; fetched when somebody asks. */
  facts(): Promise<readonly CacheFacts[]> {
    this.#facts ??= this.#fetchFacts();
    return this.#facts;
  }

  /** Has the layer in the store, whole. @throws DIGEST_MISMATCH, BLOB_UNKNOWN and what its place throws */
  async fetch(offer: OfferedLayer): Promise<LayerFiles> {
    try {
      return await this.#fetch(offer);
    } catch (error) {
      // Each of its layers would be tried again, and waited for.
      const isGone = isSlipwayError(error) && error.kind === 'unavailable';
      if (isGone && this.#offers.forgetPlace(offer.from)) {
        const text = `the build goes on without a cache that cannot be reached any more: ${error.message}`;
        this.#session.vertices.note('warning', text);
      }
      throw error;
    }
  }

  async #fetch({ from, descriptor, diffId }: OfferedLayer): Promise<LayerFiles> {
    const { store, lease, signal } = this.#session;
    const blobs = store.blobs(lease);
    const { digest, size } = descriptor;
    if (!store.layers.files(diffId, lease) && !(await blobs.stat(digest))) {
      await using ingest = await blobs.ingest({ digest, size }, { signal });
      for await (const chunk of from.blobs.read(digest, { signal })) await ingest.write(chunk);
      await ingest.commit({ digest, size });
    }
    return await store.layers.ensure({ descriptor, diffId }, { lease, signal });
  }

  /** Earlier sources win. */
  async #read(source: CacheSource): Promise<void> {
    const place = await openPlace(this.#session, source, { create: false });
    this.#places.push(place);
    const manifests = new Map<Digest, ImageManifest>();
    const repository =
      source.kind === 'registry' ? impatient(place.repository, STALL_MS) : place.repository;
    for (const platform of this.#session.platforms) {
      const asked = { repository, selector: place.selector };
      const { digest, manifest } = await this.#manifest(asked, platform);
      manifests.set(digest, manifest);
    }
    for (const manifest of manifests.values()) {
      const document = await this.#document(repository, manifest);
      this.#offers.add(repository, manifest, { document, noMounts: source.noMounts ?? false });
    }
  }

  async #fetchFacts(): Promise<readonly CacheFacts[]> {
    const read: CacheFacts[] = [];
    for (const offer of this.#offers.facts) {
      try {
        read.push(readFacts(await this.fetch(offer)));
      } catch (error) {
        if (!isSlipwayError(error) || error.kind === 'cancelled') throw error;
        const text = `the cache does not say what it was made of: ${error.message}`;
        this.#session.vertices.note('warning', text);
      }
    }
    return read;
  }

  /** A cache is for all platforms; what an image carries is its own. */
  async #manifest(
    { repository, selector }: { readonly repository: CacheOrigin; readonly selector: string },
    platform: Platform,
  ): Promise<{ readonly digest: Digest; readonly manifest: ImageManifest }> {
    const { signal } = this.#session;
    let raw = await repository.getManifest(selector, { signal });
    for (let depth = 0; depth < 4; depth++) {
      const manifest = decodeManifest(raw);
      if (manifest.kind === 'image') return { digest: raw.digest, manifest };
      raw = await repository.getManifest(selectManifest(manifest, platform).digest, { signal });
    }
    throw cacheInvalid('indexes within indexes');
  }

  async #document(repository: CacheOrigin, manifest: ImageManifest): Promise<CacheDocument> {
    const inline = manifest.annotations[INLINE_ANNOTATION];
    if (inline !== undefined) return decodeCache(Buffer.from(inline));
    const { mediaType, digest, size } = manifest.config;
    if (mediaType !== CACHE_CONFIG_TYPE) throw cacheInvalid('the image brings no cache along');
    if (size > DOCUMENT_BYTES_MAX) throw cacheInvalid(`its list has ${size} bytes`);
    const { signal } = this.#session;
    return decodeCache(await bytesOf(repository.blobs.read(digest, { signal }), size));
  }
}

/** All of it; whoever sends more than was announced is not read on. @throws CACHE_INVALID */
async function bytesOf(stream: AsyncIterable<Uint8Array>, size: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let count = 0;
  for await (const chunk of stream) {
    count += chunk.byteLength;
    if (count > size) throw cacheInvalid(`its list has more than the ${size} bytes announced`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
