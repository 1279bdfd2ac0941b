/** Where the proxy keeps what it fetched: ordinary content of the store, and when it was last asked for. */
import type { Digest } from '#core/digest.ts';
import type { BlobInfo, BlobSource } from '#core/repository.ts';
import type { PartialFile } from '#store/partial-file.ts';
import type { ProxiedContent } from '#store/proxied-content.ts';
import type { ServedRepository } from '../provider.ts';

export interface ProxyCache {
  /** Takes manifests though parts of them are missing; shows only blobs that are its own. */
  repository(name: string): ServedRepository;
  readonly records: ProxiedContent;
  /** True when the store has the bytes, whoever brought them. */
  has(digest: Digest): Promise<boolean>;
  /**
   * Fetches a blob, or waits until another process has, and shows it in `names()` when it is whole and
   * right. @throws DIGEST_MISMATCH, SIZE_MISMATCH, DISK_FULL, and what the source throws
   */
  arrive(blob: BlobInfo, source: BlobSource, options: ArriveOptions): Promise<void>;
}

export interface ArriveOptions {
  /** Asked at the end. */
  readonly names: () => Iterable<string>;
  /** Told of the file that is being filled; a second time when the first turned out to be wrong. */
  readonly onPartial: (partial: PartialFile) => void;
  readonly signal: AbortSignal;
}
