/** What a registry has, by name: tags, repositories, what it finds; with the user's credentials. */
import { DEFAULT_REGISTRY, type Reference } from '#core/reference.ts';
import type { SearchResult } from '#core/search-result.ts';
import type { CallContext } from '#engine.ts';
import { openRegistryIndex, type RegistryIndex } from '#remote/registry-index.ts';
import { accessOf, callOf } from './call-context.ts';
import type { ListNamesOptions, SearchOptions } from './registry-tools.ts';
import { remoteOptions, remoteRepository } from './remote-repository.ts';
import type { Resources } from './resources.ts';

export async function remoteTags(
  resources: Resources,
  reference: Reference,
  options: ListNamesOptions,
): Promise<readonly string[]> {
  await using remote = await remoteRepository(resources, reference, accessOf(options));
  return await remote.listTags(wantedOf(options));
}

export async function catalog(
  resources: Resources,
  registry: string,
  options: ListNamesOptions,
): Promise<readonly string[]> {
  await using index = await registryIndex(resources, registry, options);
  return await index.catalog(wantedOf(options));
}

export async function search(
  resources: Resources,
  term: string,
  { registry = DEFAULT_REGISTRY, ...options }: SearchOptions,
): Promise<readonly SearchResult[]> {
  await using index = await registryIndex(resources, registry, options);
  return await index.search(term, wantedOf(options));
}

/** Configurations are asked by a whole name; no repository counts for the registry as a whole. */
async function registryIndex(
  resources: Resources,
  registry: string,
  options: CallContext,
): Promise<RegistryIndex> {
  const reference = { registry, repository: 'catalog' };
  return openRegistryIndex(await remoteOptions(resources, reference, accessOf(options)));
}

function wantedOf({ limit, ...context }: ListNamesOptions) {
  return { ...callOf(context), ...(limit === undefined ? {} : { limit }) };
}
