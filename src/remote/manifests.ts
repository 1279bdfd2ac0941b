/** Manifests and tags over HTTP (distribution-spec §Pulling manifests, §Pushing manifests, §Content discovery). */
import type { Descriptor } from '#core/descriptor.ts';
import { algorithmOf, createHasher, type Digest, isDigest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { descriptorOf, MANIFEST_SIZE_BYTES_MAX, rawManifest } from '#core/manifest.ts';
import { isIndexType, isManifestType, MANIFEST_MEDIA_TYPES } from '#core/media-type.ts';
import type { CallOptions, RawManifest } from '#core/repository.ts';
import { parseSize } from './blob-read.ts';
import { type Connection, readCall } from './connection.ts';
import { type Answer, headerOf, readBounded } from './exchange.ts';
import { listNames, withPageSize } from './listing.ts';

const ACCEPT = MANIFEST_MEDIA_TYPES.join(', ');

/**
 * By HEAD; by GET when that does not say enough: some registries leave the digest out, and a
 * refused HEAD has no body to say why.
 */
export async function resolveManifest(
  connection: Connection,
  selector: string,
  options: CallOptions,
): Promise<Descriptor> {
  const answer = await sendRead(connection, selector, { method: 'HEAD', signal: options.signal });
  await answer.discard();
  const found = answer.status === 200 ? describedBy(answer, selector) : undefined;
  return found ?? descriptorOf(await readManifest(connection, selector, options));
}

function describedBy(answer: Answer, selector: string): Descriptor | undefined {
  const mediaType = mediaTypeOf(answer);
  const size = parseSize(headerOf(answer, 'content-length'));
  const digest = headerOf(answer, 'docker-content-digest');
  if (mediaType === undefined || size === undefined || digest === undefined) return undefined;
  if (!isDigest(digest) || !isManifestType(mediaType)) return undefined;
  return isDigest(selector) && selector !== digest ? undefined : { mediaType, digest, size };
}

/** The exact bytes; verified against the digest asked for, else the one the registry states. */
export async function readManifest(
  connection: Connection,
  selector: string,
  options: CallOptions,
): Promise<RawManifest> {
  return (await readRevision(connection, selector, options)).raw;
}

/** A manifest, and by what the registry tells whether a tag still points at it. */
export interface Revision {
  readonly raw: RawManifest;
  readonly etag: string | undefined;
}

/** Where a mirror gives something else than it should, the next one is asked. */
export async function readRevision(
  connection: Connection,
  selector: string,
  options: CallOptions,
): Promise<Revision> {
  for (;;) {
    try {
      return await readOnce(connection, selector, options);
    } catch (error) {
      if (!isSlipwayError(error, 'DIGEST_MISMATCH', 'MANIFEST_INVALID')) throw error;
      if (!connection.distrust(`manifests/${selector}`)) throw error;
    }
  }
}

async function readOnce(
  connection: Connection,
  selector: string,
  { signal }: CallOptions,
): Promise<Revision> {
  const answer = await sendRead(connection, selector, { method: 'GET', signal });
  if (answer.status !== 200) throw await connection.failure(answer, { action: 'pull', selector });
  const bytes = await readBounded(answer, MANIFEST_SIZE_BYTES_MAX);
  if (bytes === undefined) {
    throw new SlipwayError('MANIFEST_INVALID', 'manifest invalid: more than 4 MiB', {
      detail: { selector },
    });
  }
  const stated = isDigest(selector) ? selector : headerOf(answer, 'docker-content-digest');
  const raw = rawManifest(bytes, mediaTypeOf(answer));
  const etag = headerOf(answer, 'etag');
  return { raw: stated !== undefined && isDigest(stated) ? verified(raw, stated) : raw, etag };
}

function verified(raw: RawManifest, expected: Digest): RawManifest {
  const hasher = createHasher(algorithmOf(expected));
  hasher.update(raw.bytes);
  const found = hasher.digest();
  if (found === expected) return { ...raw, digest: expected };
  throw new SlipwayError('DIGEST_MISMATCH', `manifest verification failed for digest ${expected}`, {
    hint: 'the registry or a proxy before it changes content: try again',
    detail: { expected, found },
  });
}

function sendRead(
  connection: Connection,
  selector: string,
  { method, signal }: { readonly method: 'GET' | 'HEAD'; readonly signal: AbortSignal | undefined },
): Promise<Answer> {
  const url = connection.url(`manifests/${selector}`);
  return connection.send(
    readCall(connection, url, { method, headers: { accept: ACCEPT }, signal }),
  );
}

function mediaTypeOf(answer: Answer): string | undefined {
  return headerOf(answer, 'content-type')?.split(';')[0]?.trim();
}

export interface SentManifest {
  readonly descriptor: Descriptor;
  /** The registry lists it among the referrers of its subject. */
  readonly isListed: boolean;
}

/** Sends a manifest under its digest or a tag. @throws BLOB_UNKNOWN, MANIFEST_UNKNOWN, MANIFEST_INVALID */
export async function sendManifest(
  connection: Connection,
  raw: RawManifest,
  { tag, signal }: CallOptions & { readonly tag?: string },
): Promise<SentManifest> {
  // A push by tag lets the registry work out the digest: it has to be right before.
  verified(raw, raw.digest);
  const url = manifestUrl(connection, raw.digest, tag);
  const answer = await putAccepted(connection, raw, { url, signal });
  const stored = headerOf(answer, 'docker-content-digest');
  if (stored !== undefined && stored !== raw.digest) {
    throw new SlipwayError('DIGEST_MISMATCH', `the registry stored ${stored}, not ${raw.digest}`, {
      hint: 'the registry rewrites manifests: their digest cannot be relied on there',
      detail: { expected: raw.digest, found: stored },
    });
  }
  return { descriptor: descriptorOf(raw), isListed: headerOf(answer, 'oci-subject') !== undefined };
}

/**
 * Points a tag at a manifest if it still points at what was read, or at nothing where nothing was there;
 * false when somebody else was faster. A registry that does not know conditions (RFC 9110 §13) takes it
 * in any case.
 */
export async function replaceTag(
  connection: Connection,
  raw: RawManifest,
  options: { readonly tag: string; readonly before: Revision | undefined } & CallOptions,
): Promise<boolean> {
  const { tag, before, signal } = options;
  const url = manifestUrl(connection, raw.digest, tag);
  const answer = await putManifest(connection, raw, { url, signal, headers: condition(before) });
  if (answer.status >= 300 && answer.status !== 412) {
    throw await putFailure(connection, answer, raw);
  }
  await answer.discard();
  return answer.status !== 412;
}

function condition(before: Revision | undefined): Readonly<Record<string, string>> {
  if (!before) return { 'if-none-match': '*' };
  return before.etag === undefined ? {} : { 'if-match': before.etag };
}

/** Any answer; the caller reads its body. */
async function putManifest(
  connection: Connection,
  raw: RawManifest,
  {
    url,
    signal,
    headers = {},
  }: {
    readonly url: URL;
    readonly signal: AbortSignal | undefined;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<Answer> {
  return await connection.send({
    method: 'PUT',
    url,
    headers: { 'content-type': raw.mediaType, ...headers },
    body: { kind: 'bytes', bytes: raw.bytes },
    scopes: connection.scopes('push'),
    isRepeatable: true,
    signal: connection.signal(signal),
  });
}

/** Of an accepted PUT. */
async function putAccepted(
  connection: Connection,
  raw: RawManifest,
  at: { readonly url: URL; readonly signal: AbortSignal | undefined },
): Promise<Answer> {
  const answer = await putManifest(connection, raw, at);
  if (answer.status < 200 || answer.status >= 300) throw await putFailure(connection, answer, raw);
  await answer.discard();
  return answer;
}

/**
 * Points tags at a manifest that the registry has: in one request where it takes several
 * (distribution-spec 1.2-dev, end-7b; OCI-Tag lists those it took), the others one by one.
 */
export async function sendTags(
  connection: Connection,
  raw: RawManifest,
  { tags, signal }: CallOptions & { readonly tags: readonly string[] },
): Promise<void> {
  const taken = new Set<string>();
  for (let first = 0; tags.length > 1 && first < tags.length; first += TAGS_AT_ONCE) {
    const url = connection.url(`manifests/${raw.digest}`);
    const asked = tags.slice(first, first + TAGS_AT_ONCE);
    for (const tag of asked) url.searchParams.append('tag', tag);
    const answer = await putAccepted(connection, raw, { url, signal });
    const told = headerOf(answer, 'oci-tag');
    if (told === undefined) break;
    for (const tag of told.split(',')) taken.add(tag.trim());
  }
  const call = signal ? { signal } : {};
  for (const tag of tags) {
    if (!taken.has(tag)) await sendManifest(connection, raw, { ...call, tag });
  }
}

/** What registries must take in one request at least. */
const TAGS_AT_ONCE = 10;

/** A tag alone would make the registry choose sha256; another digest is named beside the tag (end-7b). */
function manifestUrl(connection: Connection, digest: Digest, tag: string | undefined): URL {
  if (tag !== undefined && algorithmOf(digest) === 'sha256') {
    return connection.url(`manifests/${tag}`);
  }
  const url = connection.url(`manifests/${digest}`);
  if (tag !== undefined) url.searchParams.append('tag', tag);
  return url;
}

/** What an index misses is a manifest, what an image misses is a blob: the wire has one code for both. */
async function putFailure(
  connection: Connection,
  answer: Answer,
  raw: RawManifest,
): Promise<Error> {
  const error = await connection.failure(answer, { action: 'push', selector: raw.digest });
  if (!isSlipwayError(error, 'BLOB_UNKNOWN') || !isIndexType(raw.mediaType)) return error;
  return new SlipwayError('MANIFEST_UNKNOWN', error.message, {
    hint: 'push the manifests that the index lists first',
    cause: error,
    detail: error.detail,
  });
}

/** Removes a tag or a manifest; false when there was none. */
export async function deleteReference(
  connection: Connection,
  selector: string,
  { signal }: CallOptions,
): Promise<boolean> {
  return deleteAt(connection, connection.url(`manifests/${selector}`), { selector, signal });
}

/** DELETE of anything; false for 404. @throws REGISTRY_REFUSED when the registry does not delete */
export async function deleteAt(
  connection: Connection,
  url: URL,
  about: { readonly selector?: string; readonly signal: AbortSignal | undefined },
): Promise<boolean> {
  const { signal, ...subject } = about;
  const answer = await connection.send({
    method: 'DELETE',
    url,
    scopes: connection.scopes('delete'),
    isRepeatable: true,
    signal: connection.signal(signal),
  });
  if (answer.status === 404) {
    await answer.discard();
    return false;
  }
  if (answer.status < 200 || answer.status >= 300) {
    throw await connection.failure(answer, { action: 'delete', ...subject });
  }
  await answer.discard();
  return true;
}

/** @throws NAME_UNKNOWN, and what {@link listNames} throws */
export function listTags(
  connection: Connection,
  { signal, limit }: ListOptions,
): Promise<readonly string[]> {
  return listNames(withPageSize(connection.url('tags/list'), limit), {
    key: 'tags',
    what: 'the list of tags',
    limit,
    page: async (url) => {
      const answer = await connection.send(readCall(connection, url, { method: 'GET', signal }));
      if (answer.status === 200) return answer;
      throw await connection.failure(answer, { action: 'pull' });
    },
  });
}

export interface ListOptions extends CallOptions {
  /** How many at most. */
  readonly limit?: number;
}
