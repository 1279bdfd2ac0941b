/**
 * The requests of an upload session (distribution-spec §Pushing blobs: end-4a, 4c, 5, 6, 11, 14).
 * Which of them are used, and in what order, is blob-upload.ts's business.
 */
import { algorithmOf, type Digest, type DigestAlgorithm } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import type { Connection } from './connection.ts';
import { type Answer, type CallBody, headerOf } from './exchange.ts';
import { resolveLocation } from './redirects.ts';

/** Where the next request of a session goes; a registry may change it with every answer. */
export type SessionLocation = URL;

export interface SessionCall {
  readonly signal: AbortSignal | undefined;
}

/** Begins a session for a blob hashed with `algorithm`. */
export async function startSession(
  connection: Connection,
  { algorithm, signal }: SessionCall & { readonly algorithm: DigestAlgorithm },
): Promise<SessionLocation> {
  const url = connection.url('blobs/uploads/');
  if (algorithm !== 'sha256') url.searchParams.set('digest-algorithm', algorithm);
  const answer = await connection.send({
    method: 'POST',
    url,
    scopes: connection.scopes('push'),
    // A session begun twice leaves an empty one behind, which registries drop after a while.
    isRepeatable: true,
    signal: connection.signal(signal),
  });
  if (answer.status !== 202) throw await connection.failure(answer, { action: 'push' });
  return locationOf(answer);
}

/** Asks for a mount; the session that comes with a refusal is given back for use. */
export async function mountOrStart(
  connection: Connection,
  digest: Digest,
  { from, signal }: SessionCall & { readonly from: string | undefined },
): Promise<SessionLocation | 'mounted'> {
  const url = connection.url('blobs/uploads/');
  url.searchParams.set('mount', digest);
  if (from !== undefined) url.searchParams.set('from', from);
  const answer = await connection.send({
    method: 'POST',
    url,
    scopes: connection.scopes('push', from),
    isRepeatable: true,
    signal: connection.signal(signal),
  });
  if (answer.status === 201) {
    await answer.discard();
    return 'mounted';
  }
  if (answer.status !== 202) throw await connection.failure(answer, { action: 'push', digest });
  return locationOf(answer);
}

/**
 * Appends a stream: without a range as docker does, whatever its length; with one, only if the
 * session stands at its start (`end` is the last byte).
 */
export async function appendStream(
  connection: Connection,
  location: SessionLocation,
  options: SessionCall & {
    readonly body: CallBody;
    readonly range?: { readonly start: number; readonly end: number };
  },
): Promise<SessionLocation> {
  const { body, range, signal } = options;
  const answer = await connection.send({
    method: 'PATCH',
    url: location,
    headers: {
      'content-type': 'application/octet-stream',
      ...(range ? { 'content-range': `${range.start}-${range.end}` } : {}),
    },
    body,
    scopes: connection.scopes('push'),
    isRepeatable: false,
    signal: connection.signal(signal),
  });
  if (answer.status !== 202 && answer.status !== 204) {
    throw await connection.failure(answer, { action: 'push' });
  }
  return locationOf(answer, location);
}

/**
 * Where a session stands; undefined when it cannot be gone on with: it is unknown, or says `0-0`,
 * which may be nothing or one byte.
 */
export async function sessionState(
  connection: Connection,
  location: SessionLocation,
  { signal }: SessionCall,
): Promise<{ readonly location: SessionLocation; readonly offset: number } | undefined> {
  const answer = await connection.send({
    method: 'GET',
    url: location,
    scopes: connection.scopes('push'),
    isRepeatable: true,
    signal: connection.signal(signal),
  });
  const last = /^(?:bytes=)?0-([1-9]\d{0,14})$/.exec(headerOf(answer, 'range') ?? '')?.[1];
  if (answer.status !== 204 || last === undefined) {
    await answer.discard();
    return undefined;
  }
  return { location: locationOf(answer, location), offset: Number(last) + 1 };
}

/** Closes the session with the digest and, perhaps, the (only or last) content. */
export async function closeSession(
  connection: Connection,
  location: SessionLocation,
  options: SessionCall & {
    readonly digest: Digest;
    readonly body?: CallBody;
    /** Whoever calls tries again by itself. */
    readonly once?: boolean;
  },
): Promise<void> {
  const { digest, body, once = false, signal } = options;
  const url = new URL(location);
  url.searchParams.set('digest', digest);
  const answer = await connection.send({
    method: 'PUT',
    url,
    headers: { 'content-type': 'application/octet-stream' },
    ...(body ? { body } : { body: { kind: 'bytes', bytes: new Uint8Array(0) } }),
    scopes: connection.scopes('push'),
    isRepeatable: !once && body?.kind !== 'stream',
    signal: connection.signal(signal),
  });
  if (answer.status < 200 || answer.status >= 300) {
    throw await connection.failure(answer, { action: 'push' });
  }
  await answer.discard();
  checkStored(headerOf(answer, 'docker-content-digest'), digest);
}

/** Gives a session up; what the registry answers does not matter, and failures are not ours to report. */
export async function cancelSession(
  connection: Connection,
  location: SessionLocation,
): Promise<void> {
  try {
    const answer = await connection.send({
      method: 'DELETE',
      url: location,
      scopes: connection.scopes('push'),
      isRepeatable: false,
      signal: AbortSignal.timeout(CANCEL_TIMEOUT_MS),
    });
    await answer.discard();
  } catch {
    // The registry drops abandoned sessions by itself.
  }
}

/** Tidiness must not hold up an error or an interrupt for long. */
const CANCEL_TIMEOUT_MS = 2000;

function locationOf(answer: Answer, fallback?: URL): SessionLocation {
  const header = headerOf(answer, 'location');
  const location = header === undefined ? fallback : resolveLocation(header, answer.url);
  void answer.discard();
  if (location) return location;
  throw new SlipwayError('REGISTRY_PROTOCOL', 'the registry began an upload without a Location', {
    hint: 'check that the address is a registry of the OCI distribution protocol',
  });
}

/** A registry that says what it stored must have stored what we sent. */
function checkStored(said: string | undefined, digest: Digest): void {
  if (said === undefined || said === digest) return;
  if (!said.startsWith(`${algorithmOf(digest)}:`)) return;
  throw new SlipwayError('DIGEST_MISMATCH', `the registry stored ${said} instead of ${digest}`, {
    hint: 'something between here and the registry changes content: try again',
    detail: { expected: digest, found: said },
  });
}
