/**
 * Blobs that somebody on the way compressed once more (RFC 9110 §8.4), though nobody asked for it.
 * Object storage also labels blobs so that are gzip files themselves; their length gives them away.
 */
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import { type Answer, headerOf } from './exchange.ts';

/** True when the bytes of the answer are not those of the blob. `total`: of the answer in its whole length. */
export function isEncoded(
  answer: Answer,
  { total, size }: { readonly total: number | undefined; readonly size: number | undefined },
): boolean {
  const encoding = headerOf(answer, 'content-encoding')?.trim().toLowerCase();
  if (encoding === undefined || !['gzip', 'x-gzip'].includes(encoding)) return false;
  return size === undefined || total !== size;
}

/** What the sender encoded. @throws REGISTRY_PROTOCOL when it is no gzip */
export async function* decoded(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = Readable.from(body, { objectMode: false });
  const plain = createGunzip();
  source.on('error', (error) => plain.destroy(error));
  try {
    yield* source.pipe(plain);
  } catch (cause) {
    if (!errnoOf(cause)?.startsWith('Z_')) throw cause;
    throw new SlipwayError('REGISTRY_PROTOCOL', 'a blob came with a broken Content-Encoding', {
      hint: 'a proxy before the registry compresses content: turn that off for blobs',
      cause,
    });
  } finally {
    source.destroy();
    plain.destroy();
  }
}
