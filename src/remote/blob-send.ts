/**
 * Sends a blob whose source can be opened again anywhere: one PUT, and after a break the rest from
 * where the registry says that it stands (distribution-spec §Pushing a blob in chunks, end-13), or
 * everything anew where it does not know.
 */
import { algorithmOf } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { BlobInfo, BlobSource, CallOptions } from '#core/repository.ts';
import { statBlob } from './blob-read.ts';
import type { Connection } from './connection.ts';
import { backOff, isTransient, isTransientStatus } from './retry.ts';
import {
  appendStream,
  closeSession,
  type SessionLocation,
  sessionState,
  startSession,
} from './upload-session.ts';

export interface SendOptions extends CallOptions {
  /** A session that a refused mount left open. */
  readonly session?: SessionLocation | undefined;
}

interface Standing {
  readonly location: SessionLocation;
  /** Bytes the registry has. */
  readonly offset: number;
}

/** Attempts are counted from the last progress. @throws DIGEST_MISMATCH, and what `open` throws */
export async function sendBlob(
  connection: Connection,
  blob: BlobInfo,
  open: BlobSource,
  options: SendOptions = {},
): Promise<void> {
  const signal = connection.signal(options.signal);
  let standing: Standing | undefined = options.session && { location: options.session, offset: 0 };
  for (let attempt = 1; ; attempt++) {
    standing ??= { location: await begin(connection, blob, signal), offset: 0 };
    try {
      return await sendRest(connection, blob, { standing, open, signal });
    } catch (error) {
      if (!isWorthRetrying(error) || attempt >= connection.retry.attemptsMax) throw error;
    }
    await connection.retry.sleep(backOff(attempt, connection.retry), signal);
    const before: Standing = standing;
    standing = await sessionState(connection, before.location, { signal });
    // The answer may be what got lost, not the blob.
    if (!standing && (await statBlob(connection, blob.digest, signal ? { signal } : {}))) return;
    if (standing && standing.offset > before.offset) attempt = 0;
  }
}

function begin(
  connection: Connection,
  { digest }: BlobInfo,
  signal: AbortSignal | undefined,
): Promise<SessionLocation> {
  return startSession(connection, { algorithm: algorithmOf(digest), signal });
}

async function sendRest(
  connection: Connection,
  { digest, size }: BlobInfo,
  options: {
    readonly standing: Standing;
    readonly open: BlobSource;
    readonly signal: AbortSignal | undefined;
  },
): Promise<void> {
  const { signal } = options;
  const { location, offset } = options.standing;
  const call = signal ? { signal } : {};
  const body = {
    kind: 'stream',
    open: () =>
      sized(options.open(offset === 0 ? call : { ...call, range: { offset } }), size - offset),
    sizeBytes: size - offset,
  } as const;
  if (offset === 0) return closeSession(connection, location, { digest, body, signal });
  const range = { start: offset, end: size - 1 };
  const next =
    offset < size ? await appendStream(connection, location, { body, range, signal }) : location;
  await closeSession(connection, next, { digest, signal });
}

/** A source of another length is the source's fault, to be told before HTTP trips over it. */
async function* sized(
  source: AsyncIterable<Uint8Array>,
  sizeBytes: number,
): AsyncGenerator<Uint8Array> {
  let found = 0;
  for await (const chunk of source) {
    found += chunk.byteLength;
    if (found > sizeBytes) break;
    yield chunk;
  }
  if (found === sizeBytes) return;
  throw new SlipwayError('SIZE_MISMATCH', `content is ${found} bytes, not ${sizeBytes}`, {
    detail: { expected: sizeBytes, found },
  });
}

/** Also a session that is gone or stands elsewhere than we believe: asking it again settles that. */
function isWorthRetrying(error: unknown): boolean {
  if (isTransient(error) || isSlipwayError(error, 'UPLOAD_UNKNOWN')) return true;
  if (!isSlipwayError(error, 'REGISTRY_REFUSED', 'TOO_MANY_REQUESTS')) return false;
  const { status } = error.detail;
  return typeof status === 'number' && (status === 416 || isTransientStatus(status));
}
