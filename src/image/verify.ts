/**
 * Whether an image was signed with a key: a signature counts when it is of the key, and the document
 * that it signs names this very image and has the annotations that are asked for.
 */
import type { Digest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { CallOptions } from '#core/repository.ts';
import { decodeClaims, type SignedClaims } from '#core/simple-signing.ts';
import { type SignedRepository, type StoredSignature, signaturesOf } from './signatures.ts';
import type { ImageVerifyKey } from './signing-key.ts';

export interface VerifyOptions extends CallOptions {
  readonly repository: SignedRepository;
  readonly key: ImageVerifyKey;
  /** The document must say the same of each. */
  readonly annotations: Readonly<Record<string, string>>;
  /** What the document must call the image; absent: anything, since copies keep their signatures. */
  readonly name?: string;
}

/** What was signed, by each signature that counts. @throws SIGNATURE_MISSING, SIGNATURE_WRONG */
export async function verifyImage(
  image: Digest,
  options: VerifyOptions,
): Promise<readonly SignedClaims[]> {
  const { repository, key, signal } = options;
  const found = await signaturesOf(repository, image, signal ? { signal } : {});
  if (found.length === 0) {
    throw new SlipwayError('SIGNATURE_MISSING', 'no signatures found', {
      hint: 'sign the image: slipway sign --key KEY NAME',
      detail: { image },
    });
  }
  const judged = found.map((signature) => judge(image, signature, options));
  const accepted = judged.filter((verdict) => typeof verdict !== 'string');
  if (accepted.length > 0) return accepted;
  const reasons = [...new Set(judged.filter((verdict) => typeof verdict === 'string'))];
  throw new SlipwayError('SIGNATURE_WRONG', `no matching signatures: ${reasons.join('; ')}`, {
    hint: `check that ${key.name} is the right key; if it is, do not use this image`,
    detail: { image, reasons },
  });
}

/** The document, or why it does not count. The signature comes first: nothing else is believed before. */
function judge(
  image: Digest,
  { payload, signature }: StoredSignature,
  { key, annotations, name }: VerifyOptions,
): SignedClaims | string {
  if (!key.isSignedBy(payload, signature)) return 'invalid signature when validating';
  const claims = readClaims(payload);
  if (!claims) return 'what was signed is about no image';
  if (claims.digest !== image) return `it is about another image, ${claims.digest}`;
  if (name !== undefined && claims.name !== name) return `the image was signed as ${claims.name}`;
  const isMet = ([key, value]: readonly [string, string]): boolean =>
    claims.optional[key] === value;
  return Object.entries(annotations).every(isMet) ? claims : 'missing or incorrect annotation';
}

function readClaims(payload: Uint8Array): SignedClaims | undefined {
  try {
    return decodeClaims(payload);
  } catch (error) {
    if (isSlipwayError(error)) return undefined;
    throw error;
  }
}
