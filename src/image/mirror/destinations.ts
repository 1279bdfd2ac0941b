/** What a mirrored repository is called at its destination. Pure. */
import { SlipwayError } from '#core/errors.ts';
import type { MirrorEntry, MirrorNaming } from '#core/mirror.ts';
import { familiarName, parseReference, type Reference, repositoryKey } from '#core/reference.ts';

export interface NamingOptions {
  /** `HOST/PREFIX` or HOST, for entries that name none. */
  readonly destination?: string | undefined;
  readonly naming: MirrorNaming;
}

/** @throws CONFIG_INVALID, REFERENCE_INVALID */
export function destinationOf(
  source: Reference,
  entry: MirrorEntry,
  { destination, naming }: NamingOptions,
): Reference {
  const own = entry.destination;
  if (own?.isWhole) return plain(own.name);
  const prefix = own?.name ?? destination;
  if (prefix === undefined) {
    throw new SlipwayError('CONFIG_INVALID', `${entry.origin} has no destination`, {
      hint: 'add "destination: HOST/PREFIX" to the file, or name it after the file on the command line',
    });
  }
  const path = rewritten(pathOf(source, naming), entry);
  return plain(`${prefix.replace(/^docker:\/\//, '').replace(/\/$/, '')}/${path}`);
}

/** A name whose first part is a host whatever it looks like. */
function plain(text: string): Reference {
  const name = text.replace(/^docker:\/\//, '');
  const [host = '', ...path] = name.split('/');
  const isHost = /[.:]/.test(host) || host === 'localhost' || path.length === 0;
  const { registry, repository } = parseReference(name);
  if (isHost) return { registry, repository };
  throw new SlipwayError('CONFIG_INVALID', `the destination ${name} does not begin with a host`, {
    hint: `write localhost:5000/${name}, or docker.io/${name}`,
  });
}

function pathOf(source: Reference, naming: MirrorNaming): string {
  const familiar = familiarName(source);
  const path = familiar === repositoryKey(source) ? source.repository : familiar;
  switch (naming) {
    case 'path':
      return path;
    case 'base':
      return path.slice(path.lastIndexOf('/') + 1);
    case 'scoped':
      return `${source.registry.replaceAll(':', '-')}/${path}`;
  }
}

function rewritten(path: string, { rewrite }: MirrorEntry): string {
  const rule = rewrite.find(({ from }) => from.test(path));
  return rule ? path.replace(rule.from, rule.to) : path;
}
