/** docker's search terms: `HOST:PORT/TERM` asks that registry, anything else Docker Hub. */
import { SlipwayError } from '#core/errors.ts';
import { registryArgument } from './registry-argument.ts';

export interface SearchTerm {
  readonly term: string;
  /** Absent: Docker Hub. */
  readonly registry?: string;
}

/** @throws USAGE */
export function searchTerm(text: string): SearchTerm {
  if (text.includes('://')) {
    throw new SlipwayError('USAGE', `invalid search term "${text}": it must not have a scheme`, {
      hint: `write ${text.replace(/^.*:\/\//, '')}; --plain-http says how a registry is spoken to`,
    });
  }
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  if (!/[.:]/.test(first) && first !== 'localhost') return { term: ofHub(text) };
  const registry = registryArgument(first);
  const term = text.slice(slash + 1);
  return registry === 'docker.io' ? { term: ofHub(term) } : { term, registry };
}

/** Docker Hub has official images without their prefix. */
function ofHub(term: string): string {
  return term.replace(/^library\//, '');
}
