/**
 * Image references (distribution/reference grammar, distribution-spec §Pulling manifests):
 * `[registry[:port]/]path[:tag][@digest]`. A Reference is always normalised: `ubuntu` is
 * `docker.io/library/ubuntu`; what the user sees is the familiar form again.
 */
import { type Digest, parseDigest } from './digest.ts';
import { isSlipwayError, SlipwayError } from './errors.ts';

export interface Reference {
  /** Host with optional port: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** Path within the registry: `library/ubuntu`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

export const DEFAULT_REGISTRY = 'docker.io';
const OFFICIAL_PREFIX = 'library/';
const NAME_LENGTH_MAX = 255;

const PATH_COMPONENT = '[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*';
const REPOSITORY = new RegExp(`^${PATH_COMPONENT}(?:/${PATH_COMPONENT})*$`);
const DOMAIN_LABEL = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = new RegExp(
  `^(?:${DOMAIN_LABEL}(?:\\.${DOMAIN_LABEL})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?$`,
);
/** The grammar's own idea of a digest, wider than what can be checked. */
const DIGEST_SHAPE = /^[a-zA-Z][a-zA-Z0-9]*(?:[-_+.][a-zA-Z][a-zA-Z0-9]*)*:[0-9a-fA-F]{32,}$/;
/** Would be taken for an image ID. */
const BARE_ID = /^[a-f0-9]{64}$/;
const TAG = /^\w[\w.-]{0,127}$/;

/** Parses what a user types and normalises it as docker does. No default tag is added. @throws REFERENCE_INVALID */
export function parseReference(text: string): Reference {
  if (BARE_ID.test(text)) {
    refuse(
      text,
      `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`,
      `write sha256:${text} for an image ID`,
    );
  }
  const { name, tag, digest } = splitReference(text);
  const { registry, repository, rest } = splitRegistry(name);
  if (!DOMAIN.test(registry)) refuse(text, 'invalid reference format');
  if (repository !== repository.toLowerCase()) {
    // Tags keep their case, and so does a host: only the path is at fault.
    const fixed = name.slice(0, -rest.length) + rest.toLowerCase() + text.slice(name.length);
    refuse(
      text,
      `invalid reference format: repository name (${repository}) must be lowercase`,
      REPOSITORY.test(rest.toLowerCase()) ? `write ${fixed}` : undefined,
    );
  }
  if (!REPOSITORY.test(repository)) refuse(text, 'invalid reference format');
  if (repository.length > NAME_LENGTH_MAX)
    refuse(text, `repository name must not be more than ${NAME_LENGTH_MAX} characters`);
  if (tag !== undefined && !TAG.test(tag)) refuse(text, 'invalid reference format');
  return {
    registry,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest: digestIn(text, digest) }),
  };
}

/** What looks like a digest fails in the digest's words, the rest as a reference. */
function digestIn(text: string, digest: string): Digest {
  if (!DIGEST_SHAPE.test(digest)) refuse(text, 'invalid reference format');
  try {
    return parseDigest(digest);
  } catch (cause) {
    if (!isSlipwayError(cause, 'DIGEST_INVALID')) throw cause;
    refuse(text, cause.message, cause.hint);
  }
}

function splitReference(text: string): { name: string; tag?: string; digest?: string } {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  return {
    name: hasTag ? named.slice(0, colon) : named,
    ...(hasTag ? { tag: named.slice(colon + 1) } : {}),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The first component is a registry when it could not be a path: has a dot, a port, upper case, or is localhost. */
function splitRegistry(name: string): {
  readonly registry: string;
  readonly repository: string;
  /** The path as written, without the official prefix. */
  readonly rest: string;
} {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isHost =
    first !== '' && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const registry = isHost ? first : DEFAULT_REGISTRY;
  const rest = isHost ? name.slice(slash + 1) : name;
  const canonical = registry === 'index.docker.io' ? DEFAULT_REGISTRY : registry;
  const official = canonical === DEFAULT_REGISTRY && !rest.includes('/');
  return { registry: canonical, repository: official ? OFFICIAL_PREFIX + rest : rest, rest };
}

function refuse(text: string, message: string, hint?: string): never {
  throw new SlipwayError('REFERENCE_INVALID', message, {
    hint:
      hint ??
      'a reference is [registry/]name[:tag][@digest], in lower case, for example localhost:5000/app:1',
    detail: { reference: text },
  });
}

/** True for a repository path as it may stand in a URL (distribution-spec §name). */
export function isRepositoryName(name: string): boolean {
  return name.length <= NAME_LENGTH_MAX && REPOSITORY.test(name);
}

export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** A name for a new image, `latest` unless it says more. @throws REFERENCE_INVALID; a digest cannot be chosen */
export function parseTag(text: string): Reference {
  const reference = parseReference(text);
  if (reference.digest === undefined) return withDefaultTag(reference);
  throw new SlipwayError(
    'REFERENCE_INVALID',
    `invalid tag "${text}": a digest cannot be given to a new image`,
    { hint: 'name the image name:tag' },
  );
}

/** With `latest` where there is neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined
    ? { ...reference, tag: 'latest' }
    : reference;
}

/** `docker.io/library/ubuntu`: the identity of a repository in the local store. */
export function repositoryKey(reference: Reference): string {
  return `${reference.registry}/${reference.repository}`;
}

/** The canonical form with everything spelled out. */
export function formatReference(reference: Reference): string {
  return repositoryKey(reference) + suffixOf(reference);
}

/** The short form people type: `ubuntu:24.04`, `localhost:5000/app:1`. */
export function familiarReference(reference: Reference): string {
  return familiarName(reference) + suffixOf(reference);
}

/** The short form without tag and digest; the long one where the short would mean something else. */
export function familiarName(reference: Reference): string {
  const key = repositoryKey(reference);
  if (reference.registry !== DEFAULT_REGISTRY) return key;
  const { repository } = reference;
  const rest = repository.slice(OFFICIAL_PREFIX.length);
  const short = repository.startsWith(OFFICIAL_PREFIX) && !rest.includes('/') ? rest : repository;
  // `docker.io/a.b/c` would read as c of a registry a.b, 64 hex digits alone as an image ID.
  const read = splitRegistry(short);
  const isSame = read.registry === DEFAULT_REGISTRY && read.repository === repository;
  return isSame && !BARE_ID.test(short) ? short : key;
}

function suffixOf({ tag, digest }: Reference): string {
  return (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`);
}

/** What to ask a Repository for: the digest wins over the tag. */
export function selectorOf(reference: Reference): string {
  return reference.digest ?? reference.tag ?? 'latest';
}
