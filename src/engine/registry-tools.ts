/** The part of the Engine that looks at registries and edits them, image contents apart. */
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

export interface RegistryTools {
  /** The tags of a name in its registry, sorted by bytes. @throws NAME_UNKNOWN */
  remoteTags(name: string, options?: ListNamesOptions): Promise<readonly string[]>;
  /** The repositories that a registry (`localhost:5000`) tells of, sorted by bytes. */
  catalog(registry: string, options?: ListNamesOptions): Promise<readonly string[]>;
  /** What a registry finds for a term; where it cannot search, names that have it in them. */
  search(term: string, options?: SearchOptions): Promise<readonly SearchResult[]>;
}
