/**
 * `--cache-from`: records of caches elsewhere. Only their lists are read at the start; a layer comes
 * when a step asks for it, is verified, and is then a record of the local store like any other.
 */
import type { CacheSource } from '#core/build-cache.ts';
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { decodeManifest, type ImageManifest } from '#core/manifest.ts';
import { OCI_LAYER } from '#core/media-type.ts';
import type { Platform } from '#core/platform.ts';
import type { Repository } from '#core/repository.ts';
import { selectManifest } from '#image/select.ts';
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
import { nameOfPlace, type OpenedPlace, openPlace } from './places.ts';

/** A layer that a cache elsewhere has. */
interface Offer {
  readonly from: Repository;
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  readonly createdAt: string;
  readonly description: string;
}

export class ImportedCaches implements AsyncDisposable {
  readonly #session: BuildSession;
  readonly #offers = new Map<string, Offer>();
  readonly #places: OpenedPlace[] = [];

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
    return caches;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const place of this.#places) await place[Symbol.asyncDispose]();
  }

  /** The layer under a key, which is in the store afterwards; a lost or damaged one is a miss. */
  async find(key: CacheKey): Promise<MadeLayer | undefined> {
    const offer = this.#offers.get(key);
    if (!offer) return undefined;
    const { diffId, createdAt, description } = offer;
    try {
      await this.#fetch(offer);
    } catch (error) {
      if (!isSlipwayError(error) || error.kind === 'cancelled') throw error;
      const text = `cached layer ${offer.descriptor.digest} of ${JSON.stringify(description)} cannot be used: ${error.message}`;
      this.#session.vertices.note('warning', text);
      this.#offers.delete(key);
      return undefined;
    }
    const { store } = this.#session;
    store.records.save({ key, diffId, createdAt, description });
    const plain = await store.blobs(this.#session.lease).stat(diffId);
    if (!plain) return undefined;
    const descriptor = { mediaType: OCI_LAYER, digest: diffId, size: plain.size };
    return { layer: { diffId, descriptor }, created: createdAt };
  }

  /** Earlier sources win. */
  async #read(source: CacheSource): Promise<void> {
    const place = await openPlace(this.#session, source, { create: false });
    this.#places.push(place);
    const manifests = new Map<Digest, ImageManifest>();
    for (const platform of this.#session.platforms) {
      const { digest, manifest } = await this.#manifest(place, platform);
      manifests.set(digest, manifest);
    }
    for (const manifest of manifests.values()) await this.#offer(place, manifest);
  }

  async #offer(place: OpenedPlace, manifest: ImageManifest): Promise<void> {
    const document = await this.#document(place.repository, manifest);
    if (document.layers.length !== manifest.layers.length) {
      throw cacheInvalid(
        `${document.layers.length} layers are listed, the manifest has ${manifest.layers.length}`,
      );
    }
    for (const { key, layer, createdAt, description } of document.records) {
      const descriptor = manifest.layers[layer];
      const diffId = document.layers[layer];
      if (!descriptor || diffId === undefined || this.#offers.has(key)) continue;
      this.#offers.set(key, {
        from: place.repository,
        descriptor,
        diffId,
        createdAt,
        description,
      });
    }
  }

  /** A cache is for all platforms; what an image carries is its own. */
  async #manifest(
    { repository, selector }: OpenedPlace,
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

  async #document(repository: Repository, manifest: ImageManifest): Promise<CacheDocument> {
    const inline = manifest.annotations[INLINE_ANNOTATION];
    if (inline !== undefined) return decodeCache(Buffer.from(inline));
    const { mediaType, digest, size } = manifest.config;
    if (mediaType !== CACHE_CONFIG_TYPE) throw cacheInvalid('the image brings no cache along');
    if (size > DOCUMENT_BYTES_MAX) throw cacheInvalid(`its list has ${size} bytes`);
    const { signal } = this.#session;
    return decodeCache(await bytesOf(repository.blobs.read(digest, { signal }), size));
  }

  async #fetch({ from, descriptor, diffId }: Offer): Promise<void> {
    const { store, lease, signal } = this.#session;
    const blobs = store.blobs(lease);
    const { digest, size } = descriptor;
    if (!store.layers.files(diffId, lease) && !(await blobs.stat(digest))) {
      await using ingest = await blobs.ingest({ digest, size }, { signal });
      for await (const chunk of from.blobs.read(digest, { signal })) await ingest.write(chunk);
      await ingest.commit({ digest, size });
    }
    await store.layers.ensure({ descriptor, diffId }, { lease, signal });
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
