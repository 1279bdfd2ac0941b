/** What a search in a registry finds: a repository, with what the registry says of it. */

export interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly stars: number;
  readonly isOfficial: boolean;
}
