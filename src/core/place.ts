/**
 * The places an image can be, as people write them: one grammar for every command that takes one
 * (docs/places.md). What is no transport of the table is an image's name in its registry, so
 * `docker://` is only needed for a repository that is called like a transport.
 *
 *     [docker://]HOST/NAME[:TAG][@DIGEST]                  a registry
 *     store:NAME[:TAG][@DIGEST], store:ID                  the local store
 *     oci:FOLDER[:NAME][@DIGEST]                           an OCI layout
 *     oci-archive:, docker-archive:, bundle:FILE[:NAME]    an image archive, `@N` for its image number N
 *     oci-layout://FOLDER[:TAG], bundle://FILE             the words of build contexts
 *     ./PATH, ../PATH, /PATH                               whatever is there
 */
import { type Digest, isDigest } from './digest.ts';
import { SlipwayError } from './errors.ts';
import { familiarReference, parseReference, type Reference } from './reference.ts';

export type Place =
  | RegistryPlace
  /** `name`: a name, a digest or an ID. */
  | { readonly kind: 'store'; readonly name: string }
  | PathPlace;

export interface RegistryPlace {
  readonly kind: 'registry';
  /** As written: without a default tag. */
  readonly reference: Reference;
}

export interface PathPlace {
  /** `path`: whatever lies there; nothing was said about its form. */
  readonly kind: 'oci' | 'oci-archive' | 'docker-archive' | 'bundle' | 'path';
  readonly path: string;
  /** Of the image in it: a tag, a full name, or `@0` for the first one. */
  readonly name?: string;
  /** Wins over the name. */
  readonly digest?: Digest;
}

/** @throws USAGE, REFERENCE_INVALID */
export function parsePlace(text: string): Place {
  if (/^(oci-layout|bundle):\/\//.test(text)) return parsePathPlace(text);
  const [, transport, rest = ''] = /^([a-z][a-z-]*):(.*)$/s.exec(text) ?? [];
  switch (transport) {
    case 'docker':
      if (!rest.startsWith('//')) throw invalid(text, `write docker://${rest}`);
      return { kind: 'registry', reference: parseReference(rest.slice(2)) };
    case 'store':
      if (rest === '') throw invalid(text, 'write store:NAME, for example store:app:1');
      return { kind: 'store', name: rest };
    case 'oci':
    case 'oci-archive':
    case 'docker-archive':
    case 'bundle':
      return pathPlace(transport, rest, text);
    case 'dir':
    case 'docker-daemon':
    case 'containers-storage':
      throw invalid(text, FOREIGN[transport]);
    default:
      if (/^\.{0,2}\//.test(text)) return anyPath(text);
      return { kind: 'registry', reference: parseReference(text) };
  }
}

/** skopeo's other transports, and what to do about each. */
const FOREIGN = {
  dir: 'this form names no image: have it written as oci:FOLDER',
  'docker-daemon': '"docker save" it, and name the file docker-archive:FILE',
  'containers-storage':
    '"podman save" it, and name the file docker-archive:FILE; the store of Slipway is store:NAME',
} as const;

/** As skopeo reads them: the path ends at its first colon. */
function pathPlace(kind: PathPlace['kind'], rest: string, text: string): PathPlace {
  const { named, digest } = splitDigest(rest);
  const colon = named.indexOf(':');
  const path = colon < 0 ? named : named.slice(0, colon);
  const name = colon < 0 ? undefined : named.slice(colon + 1);
  if (path === '' || name === '') throw invalid(text, `write ${kind}:PATH or ${kind}:PATH:NAME`);
  return { kind, path, ...(name === undefined ? {} : { name }), ...digest };
}

/**
 * `oci-layout://` and `bundle://`, as docker reads build contexts: a colon within a folder's name is not
 * a tag's, and a bundle has none. @throws USAGE
 */
export function parsePathPlace(text: string): PathPlace {
  const [, scheme, rest = ''] = /^(oci-layout|bundle):\/\/(.*)$/s.exec(text) ?? [];
  if (rest === '') throw invalid(text, 'write oci-layout://PATH or bundle://PATH');
  const kind = scheme === 'bundle' ? 'bundle' : 'oci';
  if (kind === 'bundle') return { kind, path: rest };
  const { named, digest } = splitDigest(rest);
  const [, path, name] = /^(.+):([\w][\w.-]{0,127})$/s.exec(named) ?? [];
  if (path === undefined || name === undefined) return { kind, path: named, ...digest };
  return { kind, path, name, ...digest };
}

/** What follows the path is for who knows the file (splitting at a colon that may be part of its name). */
function anyPath(text: string): PathPlace {
  const { named, digest } = splitDigest(text);
  return { kind: 'path', path: named, ...digest };
}

function splitDigest(rest: string): {
  readonly named: string;
  readonly digest?: { readonly digest: Digest };
} {
  const at = rest.lastIndexOf('@');
  const digest = rest.slice(at + 1);
  return at >= 0 && isDigest(digest)
    ? { named: rest.slice(0, at), digest: { digest } }
    : { named: rest };
}

/** As it can be written again. */
export function formatPlace(place: Place): string {
  switch (place.kind) {
    case 'registry':
      return `docker://${familiarReference(place.reference)}`;
    case 'store':
      return `store:${place.name}`;
    default: {
      const { kind, path, name, digest } = place;
      const ending = (name === undefined ? '' : `:${name}`) + (digest ? `@${digest}` : '');
      return transportOf(kind, path) + path + ending;
    }
  }
}

function transportOf(kind: PathPlace['kind'], path: string): string {
  if (kind === 'path') return '';
  if (!path.includes(':')) return `${kind}:`;
  return kind === 'oci' ? 'oci-layout://' : 'bundle://';
}

function invalid(text: string, hint: string): SlipwayError {
  return new SlipwayError('USAGE', `invalid place "${text}"`, { hint, detail: { place: text } });
}
