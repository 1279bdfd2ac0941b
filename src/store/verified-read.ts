/** Verification sits in the reader: a stream that ends well has been checked (repository.ts). */
import { algorithmOf, createHasher, type Digest, digestOf } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';

export interface Expectation {
  readonly digest: Digest;
  /** Bytes; absent: only the digest counts. */
  readonly size?: number;
  /** For the message: where the bytes come from. */
  readonly from: string;
}

/** Passes `source` through; fails after the last byte rather than end with other content. */
export async function* verified(
  source: AsyncIterable<Uint8Array>,
  expected: Expectation,
): AsyncIterable<Uint8Array> {
  const hasher = createHasher(algorithmOf(expected.digest));
  let size = 0;
  for await (const chunk of source) {
    hasher.update(chunk);
    size += chunk.byteLength;
    if (expected.size !== undefined && size > expected.size) {
      throw sizeMismatch(expected, `${size} or more`);
    }
    yield chunk;
  }
  if (expected.size !== undefined && size !== expected.size) throw sizeMismatch(expected, size);
  const found = hasher.digest();
  if (found !== expected.digest) throw digestMismatch(expected, found);
}

/** Checks bytes in memory. @throws DIGEST_MISMATCH */
export function verifyBytes(bytes: Uint8Array, expected: Expectation): void {
  const found = digestOf(bytes, algorithmOf(expected.digest));
  if (found !== expected.digest) throw digestMismatch(expected, found);
}

export function digestMismatch(expected: Expectation, found: Digest): SlipwayError {
  return new SlipwayError(
    'DIGEST_MISMATCH',
    `digest mismatch: ${expected.from} should be ${expected.digest} but is ${found}`,
    {
      hint: 'the content is damaged or was changed: fetch it again from its source',
      detail: { expected: expected.digest, found },
    },
  );
}

/** `found` as text: a reader that stops early knows only "N or more". */
export function sizeMismatch(expected: Expectation, found: number | string): SlipwayError {
  return new SlipwayError(
    'SIZE_MISMATCH',
    `size mismatch: ${expected.from} should have ${expected.size} bytes but has ${found}`,
    {
      hint: 'the content is damaged or cut off: fetch it again from its source',
      detail: { digest: expected.digest, expected: expected.size, found },
    },
  );
}
