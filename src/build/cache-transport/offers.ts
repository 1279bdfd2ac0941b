/** What caches elsewhere offer, by what it is asked for. Of two that offer the same the first one wins. */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import type { ImageManifest } from '#core/manifest.ts';
import type { CacheRecord } from '#store/cache-records.ts';
import { type CacheDocument, cacheInvalid } from './document.ts';
import type { CacheOrigin } from './patience.ts';

/** A layer that a cache elsewhere has. */
export interface OfferedLayer {
  readonly from: CacheOrigin;
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

/** The layer that a step gave. */
export interface OfferedStep extends OfferedLayer {
  readonly createdAt: string;
  readonly description: string;
}

export class CacheOffers {
  /** By cache key. */
  readonly steps = new Map<string, OfferedStep>();
  /** Folders of cache mounts, by id. */
  readonly mounts = new Map<string, OfferedLayer>();
  /** What steps were made of. */
  readonly facts: OfferedLayer[] = [];
  readonly #records = new Map<Digest, CacheRecord[]>();

  /** @throws CACHE_INVALID */
  add(
    from: CacheOrigin,
    manifest: ImageManifest,
    { document, noMounts }: { readonly document: CacheDocument; readonly noMounts: boolean },
  ): void {
    const { layers } = document;
    if (layers.length !== manifest.layers.length) {
      throw cacheInvalid(
        `${layers.length} layers are listed, the manifest has ${manifest.layers.length}`,
      );
    }
    const offered = (layer: number): OfferedLayer | undefined => {
      const descriptor = manifest.layers[layer];
      const diffId = layers[layer];
      return descriptor && diffId !== undefined ? { from, descriptor, diffId } : undefined;
    };
    for (const { layer, ...record } of document.records) this.#addStep(record, offered(layer));
    for (const { id, layer } of noMounts ? [] : document.mounts) {
      const offer = offered(layer);
      if (offer && !this.mounts.has(id)) this.mounts.set(id, offer);
    }
    const facts = document.facts === undefined ? undefined : offered(document.facts);
    if (facts) this.facts.push(facts);
  }

  /** Nothing of a place that is gone is offered any more; false: it was not. */
  forgetPlace(from: CacheOrigin): boolean {
    return this.#forget((offer) => offer.from === from);
  }

  /** A layer that cannot be had, whatever it is asked for by. */
  forgetLayer({ from, diffId }: OfferedLayer): boolean {
    return this.#forget((offer) => offer.from === from && offer.diffId === diffId);
  }

  /** All records of a layer: who exports it again is to know as much of it. */
  recordsOf(diffId: Digest): readonly CacheRecord[] {
    return this.#records.get(diffId) ?? [];
  }

  #forget(isLost: (offer: OfferedLayer) => boolean): boolean {
    let isKnown = false;
    for (const offers of [this.steps, this.mounts]) {
      for (const [key, offer] of offers) if (isLost(offer)) isKnown = offers.delete(key);
    }
    return isKnown;
  }

  #addStep(record: Omit<CacheRecord, 'diffId'>, offer: OfferedLayer | undefined): void {
    const { key, createdAt, description } = record;
    if (!offer || this.steps.has(key)) return;
    this.steps.set(key, { ...offer, createdAt, description });
    const { diffId } = offer;
    const records = this.#records.get(diffId);
    if (records) records.push({ ...record, diffId });
    else this.#records.set(diffId, [{ ...record, diffId }]);
  }
}
