/** The part of the Engine that looks at registries and edits them, image contents apart. */
import type { Digest } from '#core/digest.ts';
import type { Platform } from '#core/platform.ts';
import type { Reference } from '#core/reference.ts';
import type { SearchResult } from '#core/search-result.ts';
import type { CallContext } from '#engine.ts';

export interface ListNamesOptions extends CallContext {
  /** How many at most. */
  readonly limit?: number;
}

export interface SearchOptions extends ListNamesOptions {
  /** Default: Docker Hub. */
  readonly registry?: string;
}

export interface DigestOptions extends CallContext {
  /** Of an index, the image of this platform. */
  readonly platform?: Platform;
}

export interface DigestResult {
  readonly digest: Digest;
  /** Its name with the digest; absent in folders and tars. */
  readonly reference?: Reference;
}

export interface RemoteTagRemoval {
  readonly reference: Reference;
  /** What the tag named, which is still there. */
  readonly kept: Digest;
  /** The registry deleted the tag, or a manifest of no worth that was put in its place first. */
  readonly way: 'tag' | 'stand-in';
}

export interface RegistryTools {
  /** The tags of a name in its registry, sorted by bytes. @throws NAME_UNKNOWN */
  remoteTags(name: string, options?: ListNamesOptions): Promise<readonly string[]>;
  /** The repositories that a registry (`localhost:5000`) tells of, sorted by bytes. */
  catalog(registry: string, options?: ListNamesOptions): Promise<readonly string[]>;
  /** What a registry finds for a term; where it cannot search, names that have it in them. */
  search(term: string, options?: SearchOptions): Promise<readonly SearchResult[]>;
  /** The digest that a place (docs/places.md) names. @throws MANIFEST_UNKNOWN, PLATFORM_UNKNOWN */
  digest(place: string, options?: DigestOptions): Promise<DigestResult>;
  /**
   * Takes a tag away in its registry; what it named stays. @throws MANIFEST_UNKNOWN; REGISTRY_REFUSED:
   * it deletes nothing, and the tag is as it was
   */
  removeRemoteTag(reference: string, options?: CallContext): Promise<RemoteTagRemoval>;
}
