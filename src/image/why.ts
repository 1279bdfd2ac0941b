/** From what a user writes to the digest that `why` is asked about, in docker's order of looking. */
import { type Digest, isDigest, parseDigest, shortId } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { parseReference, type Reference, repositoryKey, withDefaultTag } from '#core/reference.ts';
import type { DigestReport } from '#core/store-report.ts';
import type { LocalStore } from '#store/local-store.ts';

/** By digest, name or the beginning of a digest. @throws BLOB_UNKNOWN, IMAGE_ID_AMBIGUOUS */
export async function whyHeld(text: string, store: LocalStore): Promise<DigestReport> {
  return await store.holders(await digestOfText(text, store));
}

async function digestOfText(text: string, store: LocalStore): Promise<Digest> {
  const whole = /^[0-9a-f]{64}$/.test(text) ? `sha256:${text}` : text;
  if (isDigest(whole)) return parseDigest(whole);
  const reference = referenceIn(text);
  const named = reference && (imageNamed(reference, store) ?? (await pushedAs(reference, store)));
  if (named) return named;
  const begin = /^(?:sha(?:256|512):)?([0-9a-f]+)$/.exec(text)?.[1];
  const found = begin === undefined ? [] : store.digestsFrom(begin);
  const [only] = found;
  if (only && found.length === 1) return only;
  if (found.length > 1) {
    throw new SlipwayError(
      'IMAGE_ID_AMBIGUOUS',
      `multiple digests found with provided prefix: ${text}`,
      {
        hint: `write more of it: ${found.slice(0, 5).map(shortId).join(', ')}`,
        detail: { ids: found },
      },
    );
  }
  throw new SlipwayError('BLOB_UNKNOWN', `No such content: ${text}`, {
    hint: 'give a digest, the beginning of one, or an image name; "slipway system df -v" lists IDs',
    detail: { text },
  });
}

function referenceIn(text: string): Reference | undefined {
  try {
    return withDefaultTag(parseReference(text));
  } catch (error) {
    if (isSlipwayError(error, 'REFERENCE_INVALID', 'DIGEST_INVALID')) return undefined;
    throw error;
  }
}

function imageNamed(reference: Reference, store: LocalStore): Digest | undefined {
  const { tag, digest } = reference;
  const here = store.images
    .list()
    .filter(({ repository }) => repository === repositoryKey(reference));
  const found = here.find((name) =>
    digest === undefined
      ? name.tags.includes(tag ?? '')
      : name.digest === digest || name.aliases.includes(digest),
  );
  return found?.digest;
}

/** As clients of our registry name it: the host, then the repository's name. */
async function pushedAs(reference: Reference, store: LocalStore): Promise<Digest | undefined> {
  await using lease = await store.lease({ purpose: 'why' });
  const { repository: name, tag, digest } = reference;
  try {
    const repository = store.repository({ space: 'registry', name, lease });
    return (await repository.resolve(digest ?? tag ?? '')).digest;
  } catch (error) {
    if (isSlipwayError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN')) return undefined;
    throw error;
  }
}
