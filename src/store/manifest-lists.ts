/**
 * Manifest lists that are being made here (`docker manifest create`): which images each has, with the
 * manifests themselves. Their blobs are in a registry; nothing is kept from gc.
 */
import { digestOf } from '#core/digest.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import { decodeDescriptor, writtenPlatform } from '#core/manifest.ts';
import type { ListedManifest } from '#core/manifest-list.ts';
import { type Metadata, type Row, textOf } from './metadata.ts';

export class ManifestLists {
  readonly #metadata: Metadata;

  /** @internal use LocalStore.manifestLists */
  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  /** By the names of its images; empty: there is no such list. */
  images(list: string): readonly ListedManifest[] {
    const sql = 'SELECT * FROM listed_manifests WHERE list = ? ORDER BY reference';
    return this.#metadata.all(sql, list).map(listedIn);
  }

  /** Puts images into a list, or others in their place. All of them, or none. */
  put(list: string, images: readonly ListedManifest[]): void {
    this.#durably(() => {
      for (const { reference, descriptor, raw } of images) {
        this.#metadata.run(
          'INSERT OR REPLACE INTO listed_manifests VALUES (?, ?, ?, ?)',
          list,
          reference,
          JSON.stringify(descriptor),
          Buffer.from(raw.bytes).toString('base64'),
        );
      }
    });
  }

  /** False when there was none. */
  remove(list: string): boolean {
    return this.#durably(
      () => this.#metadata.run('DELETE FROM listed_manifests WHERE list = ?', list) > 0,
    );
  }

  #durably<T>(work: () => T): T {
    return this.#metadata.transaction(work, { durable: true });
  }
}

function listedIn(row: Row): ListedManifest {
  const reader = new ObjectReader(parseJson(textOf(row, 'descriptor'), 'descriptor'), 'descriptor');
  const { platform: _, ...descriptor } = decodeDescriptor(reader);
  const platform = reader.optionalObject('platform');
  const bytes = Buffer.from(textOf(row, 'raw'), 'base64');
  const { mediaType } = descriptor;
  return {
    reference: textOf(row, 'reference'),
    descriptor: platform ? { ...descriptor, platform: writtenPlatform(platform) } : descriptor,
    raw: { mediaType, digest: digestOf(bytes), bytes },
  };
}
