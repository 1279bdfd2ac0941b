/**
 * Which repository a request means: names of upstreams come as `?ns=`, as the beginning of the path or
 * by a rule, and each of their repositories is kept under one name, `<upstream>/<repository>`. What is
 * allowed, listed and stored goes by that name alone.
 */
import { DEFAULT_REGISTRY, isRepositoryName } from '#core/reference.ts';
import { Refusal } from '../errors.ts';
import type { Upstream } from './upstream.ts';

/** A repository of an upstream. */
export interface Origin {
  readonly upstream: Upstream;
  /** Its name there. */
  readonly repository: string;
}

export interface NameOptions {
  readonly upstreams: readonly Upstream[];
  /** `?ns=` values that mean this registry itself. */
  readonly ownNames: readonly string[];
  /** Local repositories win over rules. */
  readonly isLocal: (name: string) => Promise<boolean>;
}

/** The name under which it is kept. @throws Refusal NAME_UNKNOWN, NAME_INVALID */
export async function placeOf(
  name: string,
  namespace: string | null,
  { upstreams, ownNames, isLocal }: NameOptions,
): Promise<string> {
  if (namespace !== null && !ownNames.includes(namespace)) {
    return inNamespace(name, namespace, upstreams);
  }
  const prefixed = longest(name, upstreams, (config) => [config.name, ...config.prefixes]);
  if (prefixed) return keptName(prefixed.upstream, prefixed.rest);
  const ruling = upstreams.find(({ repositories }) => repositories.some((rule) => rule.test(name)));
  if (!ruling || (await isLocal(name))) return name;
  return keptName(ruling, name);
}

/**
 * Whose it is and what it is called there; undefined: nobody but us has it. Other prefixes do not count:
 * who may see it was decided by the name under which it is kept.
 */
export function originOf(kept: string, upstreams: readonly Upstream[]): Origin | undefined {
  const found = longest(kept, upstreams, ({ name }) => [name]);
  if (!found?.upstream.only.some((pattern) => pattern.test(found.rest))) return undefined;
  return { upstream: found.upstream, repository: `${found.upstream.path}${found.rest}` };
}

/** Of a name that nobody knows here there may still be a copy that somebody pushed. */
function inNamespace(name: string, namespace: string, upstreams: readonly Upstream[]): string {
  const upstream = upstreams.find(({ config }) => config.namespaces.includes(namespace));
  if (upstream) return keptName(upstream, name);
  const copy = `${namespace}/${name}`;
  if (isRepositoryName(copy)) return copy;
  throw new Refusal('NAME_UNKNOWN', `repository ${name} of ${namespace} is not known here`);
}

/** The longest one that fits. */
function longest(
  name: string,
  upstreams: readonly Upstream[],
  prefixesOf: (config: Upstream['config']) => readonly string[],
): { readonly upstream: Upstream; readonly rest: string } | undefined {
  const fitting = upstreams.flatMap((upstream) =>
    prefixesOf(upstream.config)
      .filter((prefix) => name.startsWith(`${prefix}/`))
      .map((prefix) => ({ upstream, rest: name.slice(prefix.length + 1) })),
  );
  return fitting.sort((a, b) => a.rest.length - b.rest.length)[0];
}

/** On Docker Hub `debian` is short for `library/debian`. */
function keptName({ config, registry, path }: Upstream, repository: string): string {
  const isShort = registry === DEFAULT_REGISTRY && path === '' && !repository.includes('/');
  const kept = `${config.name}/${isShort ? 'library/' : ''}${repository}`;
  if (isRepositoryName(kept)) return kept;
  throw new Refusal('NAME_INVALID', `invalid repository name: ${kept}`);
}
