/**
 * A blob on its way from one registry to another, checked in passing: each reads it in parts of its own
 * choice, so neither sees damage before the end. The last bytes are not given before the whole is known
 * to be right, so what is wrong never becomes a complete upload.
 */
import { algorithmOf, createHasher, type Hasher } from '#core/digest.ts';
import type { BlobInfo, BlobSource, ReadOptions } from '#core/repository.ts';
import { digestMismatch } from '#store/verified-read.ts';

/**
 * The same source, for one reader that goes from the beginning to the end, perhaps in several parts. Who
 * begins elsewhere, or goes back, is given bytes as they are: the receiver checks those.
 */
export function verifiedSource(blob: BlobInfo, source: BlobSource): BlobSource {
  let state: { readonly hasher: Hasher; at: number } | undefined;
  return async function* read(options: ReadOptions) {
    const start = options.range?.offset ?? 0;
    if (start === 0) state = { hasher: createHasher(algorithmOf(blob.digest)), at: 0 };
    const hashed = state?.at === start ? state : undefined;
    if (!hashed) state = undefined;
    // A part is not hashed by who gives it: once is enough.
    for await (const chunk of source({ ...options, range: options.range ?? { offset: 0 } })) {
      if (hashed) {
        hashed.hasher.update(chunk);
        hashed.at += chunk.byteLength;
        if (hashed.at >= blob.size) check(blob, hashed.hasher);
      }
      yield chunk;
    }
  };
}

function check(blob: BlobInfo, hasher: Hasher): void {
  const found = hasher.digest();
  if (found !== blob.digest)
    throw digestMismatch({ ...blob, from: 'what its source gives' }, found);
}
