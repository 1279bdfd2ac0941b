/**
 * Reads blobs (distribution-spec §Pulling blobs, end-2). A download that breaks goes on from the
 * byte it reached by a Range request, within one read and still verified as a whole. Up to the answer
 * retry.ts tries again; what breaks within its body is tried again here.
 */
import { algorithmOf, createHasher, type Digest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import type { BlobInfo, CallOptions, ReadOptions } from '#core/repository.ts';
import { type Connection, readCall } from './connection.ts';
import { decoded, isEncoded } from './content-encoding.ts';
import { type Answer, headerOf } from './exchange.ts';
import { delayBefore, isTransient } from './retry.ts';
import { unstalled } from './stall.ts';

/** Less than this is no progress: a peer that sends a little and breaks off would keep us for ever. */
const PROGRESS_BYTES = 16 * 1024;

/** The size of a blob, or undefined when the registry does not have it. */
export async function statBlob(
  connection: Connection,
  digest: Digest,
  { signal }: CallOptions,
): Promise<BlobInfo | undefined> {
  const call = readCall(connection, connection.url(`blobs/${digest}`), { method: 'HEAD', signal });
  const answer = await connection.send(call);
  await answer.discard();
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw await connection.failure(answer, { action: 'pull', digest });
  const size = parseSize(headerOf(answer, 'content-length'));
  if (size === undefined) {
    throw new SlipwayError('REGISTRY_PROTOCOL', `HEAD of blob ${digest}: no Content-Length`);
  }
  return { digest, size };
}

/** The bytes; a whole blob ends with DIGEST_MISMATCH when they are not its own. @throws BLOB_UNKNOWN */
export async function* readBlob(
  connection: Connection,
  digest: Digest,
  options: ReadOptions,
): AsyncGenerator<Uint8Array> {
  const { range } = options;
  if (range?.length === 0) {
    if (!(await statBlob(connection, digest, options))) throw unknownBlob(digest);
    return;
  }
  const hasher = range ? undefined : createHasher(algorithmOf(digest));
  for await (const chunk of resumed(connection, digest, options)) {
    hasher?.update(chunk);
    yield chunk;
  }
  const found = hasher?.digest();
  if (found !== undefined && found !== digest) {
    connection.distrust(`blobs/${digest}`);
    throw new SlipwayError(
      'DIGEST_MISMATCH',
      `filesystem layer verification failed for digest ${digest}`,
      {
        hint: 'the registry or a proxy before it sends damaged content: try again, then push the image again',
        detail: { expected: digest, found },
      },
    );
  }
}

/** One logical stream over as many requests as it takes. Attempts count from the last progress. */
async function* resumed(
  connection: Connection,
  digest: Digest,
  { range, signal, size, exact = false }: ReadOptions,
): AsyncGenerator<Uint8Array> {
  const end = range?.length === undefined ? undefined : range.offset + range.length;
  let position = range?.offset ?? 0;
  for (let attempt = 1; ; attempt++) {
    const begin = position;
    const body = await openPart(connection, digest, { position, end, size, exact, signal });
    try {
      for await (const chunk of unstalled(body)) {
        position += chunk.byteLength;
        yield chunk;
      }
      return;
    } catch (error) {
      if (position - begin >= PROGRESS_BYTES) attempt = 1;
      const delayMs = isTransient(error) ? delayBefore(attempt + 1, connection.retry) : undefined;
      if (delayMs === undefined) throw error;
      await connection.retry.sleep(delayMs, connection.signal(signal));
    }
  }
}

interface Part {
  /** First byte wanted. */
  readonly position: number;
  /** The byte after the last one wanted; undefined: to the end. */
  readonly end: number | undefined;
  /** Of the whole blob, if known. */
  readonly size: number | undefined;
  /** Nothing rather than more than that. */
  readonly exact: boolean;
  readonly signal: AbortSignal | undefined;
}

type Bytes = AsyncIterable<Uint8Array> | readonly Uint8Array[];

/** The bytes of the part, still to be read. */
async function openPart(connection: Connection, digest: Digest, wanted: Part): Promise<Bytes> {
  const { position, end, exact } = wanted;
  const isWhole = position === 0 && end === undefined;
  const answer = await ask(connection, digest, { ...wanted, inPart: !isWhole });
  switch (answer.status) {
    case 200:
      // A registry without ranges sends everything: drop what is not wanted.
      if (!exact || isWhole) return window(bodyOf(answer, wanted.size), position, end);
      await answer.discard();
      return [];
    case 206: {
      const total = checkContentRange(headerOf(answer, 'content-range'), position);
      if (!isEncoded(answer, { total, size: wanted.size })) {
        return window(answer.body, 0, end === undefined ? undefined : end - position);
      }
      // A part of something else: only the whole can be decoded.
      await answer.discard();
      return exact ? [] : await openWhole(connection, digest, wanted);
    }
    case 416:
      // Nothing is left from here on: the blob ends where the range begins, or before.
      await answer.discard();
      return [];
    case 404:
      await answer.discard();
      throw unknownBlob(digest);
    default:
      throw await connection.failure(answer, { action: 'pull', digest });
  }
}

/** The same cut out of the whole blob. */
async function openWhole(connection: Connection, digest: Digest, wanted: Part): Promise<Bytes> {
  const answer = await ask(connection, digest, { ...wanted, inPart: false });
  if (answer.status !== 200) throw await connection.failure(answer, { action: 'pull', digest });
  return window(bodyOf(answer, wanted.size), wanted.position, wanted.end);
}

function ask(
  connection: Connection,
  digest: Digest,
  { position, end, inPart, signal }: Part & { readonly inPart: boolean },
): Promise<Answer> {
  const range = `bytes=${position}-${end === undefined ? '' : end - 1}`;
  const headers = { 'accept-encoding': 'identity', ...(inPart ? { range } : {}) };
  const url = connection.url(`blobs/${digest}`);
  return connection.send(readCall(connection, url, { method: 'GET', headers, signal }));
}

function bodyOf(answer: Answer, size: number | undefined): AsyncIterable<Uint8Array> {
  const total = parseSize(headerOf(answer, 'content-length'));
  return isEncoded(answer, { total, size }) ? decoded(answer.body) : answer.body;
}

/** The bytes from `start` up to `end` of a stream. */
async function* window(
  body: Answer['body'],
  start: number,
  end: number | undefined,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of body) {
    const from = Math.max(0, start - at);
    const to = end === undefined ? chunk.byteLength : Math.min(chunk.byteLength, end - at);
    at += chunk.byteLength;
    if (from < to) yield from === 0 && to === chunk.byteLength ? chunk : chunk.subarray(from, to);
    if (end !== undefined && at >= end) return;
  }
}

/** `bytes 5-9/20`: another start than asked would glue wrong bytes together. Gives the 20, if it is told. */
function checkContentRange(header: string | undefined, position: number): number | undefined {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(header ?? '') ?? [];
  if (start === undefined || Number(start) !== position) {
    throw new SlipwayError(
      'REGISTRY_PROTOCOL',
      `asked for bytes from ${position}, got Content-Range "${header ?? ''}"`,
    );
  }
  return parseSize(total);
}

function unknownBlob(digest: Digest): SlipwayError {
  return new SlipwayError('BLOB_UNKNOWN', `blob unknown to registry: ${digest}`, {
    hint: 'the image is incomplete on the registry: push it again',
    detail: { digest },
  });
}

/** A Content-Length; undefined when absent or no whole number. */
export function parseSize(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}
