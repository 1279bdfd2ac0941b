/**
 * What podman takes a short name for, by the aliases and search registries of registries.conf. To us
 * it is always docker's (docs/adr/0025); whoever uses both wants to see where they part.
 */
import { DEFAULT_REGISTRY, parseReference } from '#core/reference.ts';
import type { Fact } from '#core/registry-settings.ts';
import type { RegistriesConf } from './registries-conf.ts';

/** The names podman would try, in order; empty for one that says its registry, and without a rule. */
export function podmanNames(
  name: string,
  { aliases, search }: Pick<RegistriesConf, 'aliases' | 'search'>,
): readonly Fact<string>[] {
  const isShort =
    parseReference(name).registry === DEFAULT_REGISTRY && !/^[^/]*docker\.io\//.test(name);
  if (!isShort) return [];
  const [short = '', suffix = ''] = name.split(/(?=[:@])(.*)/s);
  const alias = aliases.get(short);
  if (alias) return [{ value: `${alias.target}${suffix}`, origin: alias.origin }];
  return (search?.registries ?? []).map((registry) => ({
    value: `${registry}/${name}`,
    origin: search?.origin ?? '',
  }));
}
