/** The rows of `images`: one per name, or one for an image that has none. Pure. */
import { type Digest, shortId } from '#core/digest.ts';
import type { JsonObject } from '#core/json.ts';
import type { ImageSummary } from '#core/local-image.ts';
import { familiarName, parseReference, type Reference, repositoryKey } from '#core/reference.ts';
import { humanSize, timeSince, timestampText } from './format.ts';

const NONE = '<none>';
/** docker shows sizes of images with three digits. */
const SIZE_DIGITS = 3;

/** One line; the fields are docker's names for `--format`. */
export interface ImageRow extends JsonObject {
  readonly Repository: string;
  readonly Tag: string;
  readonly Digest: string;
  readonly ID: string;
  readonly CreatedSince: string;
  readonly CreatedAt: string;
  readonly Size: string;
}

export interface ImageRowOptions {
  /** `repository` or `repository:tag`: other names are left out. */
  readonly filter?: string | undefined;
  readonly fullIds: boolean;
  readonly nowMs: number;
}

/** In the order of the images. @throws REFERENCE_INVALID for a filter that is no name */
export function imageRows(
  images: readonly ImageSummary[],
  { filter, fullIds, nowMs }: ImageRowOptions,
): readonly ImageRow[] {
  const wanted = filter === undefined ? undefined : parseReference(filter);
  return images.flatMap((image) =>
    namesOf(image, wanted).map((name) => ({
      Repository: name?.tag === undefined ? NONE : familiarName(name),
      Tag: name?.tag ?? NONE,
      Digest: digestUnder(image, name) ?? NONE,
      ID: fullIds ? image.imageId : shortId(image.imageId),
      CreatedSince: timeSince(image.created, nowMs),
      CreatedAt: timestampText(image.created),
      Size: humanSize(image.sizeBytes, SIZE_DIGITS),
    })),
  );
}

/** The tags asked for; one row without a name for what has none, as docker shows a lost tag. */
function namesOf(
  { tags, digests }: ImageSummary,
  wanted: Reference | undefined,
): readonly (Reference | undefined)[] {
  if (tags.length > 0) return tags.filter((name) => wanted === undefined || fits(name, wanted));
  if (wanted === undefined) return [digests[0]];
  return digests.filter((name) => fits(name, wanted)).slice(0, 1);
}

function fits(name: Reference, wanted: Reference): boolean {
  return (
    repositoryKey(name) === repositoryKey(wanted) &&
    (wanted.tag === undefined || name.tag === wanted.tag)
  );
}

function digestUnder(image: ImageSummary, name: Reference | undefined): Digest | undefined {
  if (name === undefined) return undefined;
  const key = repositoryKey(name);
  return image.digests.find((digest) => repositoryKey(digest) === key)?.digest;
}
