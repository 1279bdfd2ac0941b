/** The rows of `images`: one per name, or one for an image that has none. Pure. */
import { type Digest, shortId } from '#core/digest.ts';
import type { ImageSummary } from '#core/local-image.ts';
import { familiarName, type Reference, repositoryKey } from '#core/reference.ts';
import { humanSize, timeSince, timestampText } from './format.ts';
import type { NameTest } from './name-pattern.ts';
import { type RowKind, rowOf } from './rows.ts';
import type { Struct } from './template/values.ts';

const NONE = '<none>';
/** docker shows sizes of images with three digits. */
const SIZE_DIGITS = 3;

/** One line; the fields are docker's names for `--format`. */
export interface ImageRow extends Struct {
  readonly Repository: string;
  readonly Tag: string;
  readonly ID: string;
}

/** As `images` shows them, with or without their digests. */
export function imageRowKind({ digests }: { readonly digests: boolean }): RowKind {
  return {
    subject: 'image',
    headings: {
      Repository: 'REPOSITORY',
      Tag: 'TAG',
      Digest: 'DIGEST',
      ID: 'IMAGE ID',
      CreatedSince: 'CREATED',
      CreatedAt: 'CREATED AT',
      Size: 'SIZE',
      Containers: 'CONTAINERS',
      VirtualSize: 'SIZE',
      SharedSize: 'SHARED SIZE',
      UniqueSize: 'UNIQUE SIZE',
    },
    columns: ['Repository', 'Tag', ...(digests ? ['Digest'] : []), 'ID', 'CreatedSince', 'Size'],
  };
}

export interface ImageRowOptions {
  /** Names that do not fit are left out. */
  readonly names?: NameTest | undefined;
  readonly fullIds: boolean;
  readonly nowMs: number;
}

/** In the order of the images. */
export function imageRows(
  images: readonly ImageSummary[],
  { names, fullIds, nowMs }: ImageRowOptions,
): readonly ImageRow[] {
  return images.flatMap((image) =>
    namesOf(image, names).map((name) => imageRow(image, name, { fullIds, nowMs })),
  );
}

function imageRow(
  image: ImageSummary,
  name: Reference | undefined,
  { fullIds, nowMs }: ImageRowOptions,
): ImageRow {
  const shown = {
    Repository: name?.tag === undefined ? NONE : familiarName(name),
    Tag: name?.tag ?? NONE,
    Digest: digestUnder(image, name) ?? NONE,
    ID: fullIds ? image.imageId : shortId(image.imageId),
    CreatedSince: timeSince(image.created, nowMs),
    CreatedAt: timestampText(image.created),
    Size: humanSize(image.sizeBytes, SIZE_DIGITS),
    // docker knows these only where they were counted: in `system df -v`.
    Containers: 'N/A',
    SharedSize: 'N/A',
    UniqueSize: 'N/A',
    VirtualSize: humanSize(image.sizeBytes),
  };
  return { ...shown, ...rowOf(shown) };
}

/** The tags asked for; one row without a name for what has none, as docker shows a lost tag. */
function namesOf(
  { tags, digests }: ImageSummary,
  fits: NameTest | undefined,
): readonly (Reference | undefined)[] {
  if (tags.length > 0) return fits ? tags.filter(fits) : tags;
  return fits ? digests.filter(fits).slice(0, 1) : [digests[0]];
}

function digestUnder(image: ImageSummary, name: Reference | undefined): Digest | undefined {
  if (name === undefined) return undefined;
  const key = repositoryKey(name);
  return image.digests.find((digest) => repositoryKey(digest) === key)?.digest;
}
