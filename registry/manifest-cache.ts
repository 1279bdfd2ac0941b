/**
 * The bytes of manifests served lately. Digests name content for good, so nothing is ever stale;
 * whether a repository may show a manifest is asked of the store on every request.
 */
import type { Digest } from '#core/digest.ts';

const CACHE_BYTES_MAX = 32 * 1024 * 1024;

export class ManifestCache {
  /** In the order of use, the oldest first. */
  readonly #entries = new Map<Digest, Uint8Array>();
  #size = 0;

  /** From here, or by `load`. */
  async bytes(digest: Digest, load: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const known = this.#entries.get(digest);
    if (known) {
      this.#entries.delete(digest);
      this.#entries.set(digest, known);
      return known;
    }
    const bytes = await load();
    this.#remember(digest, bytes);
    return bytes;
  }

  #remember(digest: Digest, bytes: Uint8Array): void {
    if (this.#entries.has(digest)) return;
    this.#entries.set(digest, bytes);
    this.#size += bytes.byteLength;
    for (const [oldest, { byteLength }] of this.#entries) {
      if (this.#size <= CACHE_BYTES_MAX) return;
      this.#entries.delete(oldest);
      this.#size -= byteLength;
    }
  }
}
