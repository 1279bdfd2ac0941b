/** The images of an OCI layout, packed as a tar or lying as a folder, for reading. */
import type { Descriptor } from '#core/descriptor.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { parseReference, type Reference } from '#core/reference.ts';
import { BUNDLE_FILE, BUNDLE_SIZE_BYTES_MAX, decodeOwnBundle } from './bundle-document.ts';
import {
  decodeLayoutIndex,
  FULL_NAME,
  INDEX_FILE,
  INDEX_SIZE_BYTES_MAX,
  refNameOf,
} from './layout-index.ts';
import { type PackedFiles, readDocument } from './packed-files.ts';
import type { PackedContents, PackedImage } from './packed-repository.ts';

/** Undefined when there is no index.json. @throws ARCHIVE_INVALID */
export async function readOciArchive(files: PackedFiles): Promise<PackedContents | undefined> {
  const bytes = await readDocument(files, INDEX_FILE, INDEX_SIZE_BYTES_MAX);
  if (!bytes) return undefined;
  const entries = decodeLayoutIndex(bytes, files.name);
  const byDigest = Map.groupBy(entries, ({ digest }) => digest);
  if (byDigest.size > IMAGES_MAX) throw tooMany(files, byDigest.size);
  const document = await readDocument(files, BUNDLE_FILE, BUNDLE_SIZE_BYTES_MAX);
  const bundle = document && decodeOwnBundle(document, files.name);
  return {
    images: [...byDigest.values()].map(imageOf),
    ...(bundle ? { bundle } : {}),
  };
}

/** Whole mirrors are a few thousand. */
const IMAGES_MAX = 10_000;

function tooMany(files: PackedFiles, count: number): SlipwayError {
  return new SlipwayError(
    'ARCHIVE_INVALID',
    `${files.name}: index.json lists ${count} images, more than ${IMAGES_MAX}`,
    { hint: 'save them in several archives' },
  );
}

function imageOf(entries: readonly Descriptor[]): PackedImage {
  const [first] = entries;
  if (!first) throw new Error('invariant broken: a group without members');
  const { mediaType, digest, size } = first;
  return {
    manifest: { mediaType, digest, size },
    names: entries.flatMap((entry) => nameOf(entry) ?? []),
    refNames: entries.flatMap((entry) => refNameOf(entry) ?? []),
  };
}

/** A bare tag is no name: nobody knows of what. */
function nameOf(entry: Descriptor): Reference | undefined {
  const full = entry.annotations?.[FULL_NAME];
  const ref = refNameOf(entry);
  if (full !== undefined) return parsedOrNothing(full);
  return ref !== undefined && /[:/]/.test(ref) ? parsedOrNothing(ref) : undefined;
}

/** Names in archives are only labels: one that is none does not make the image unusable. */
function parsedOrNothing(text: string): Reference | undefined {
  try {
    const reference = parseReference(text);
    return reference.tag === undefined ? undefined : reference;
  } catch (error) {
    if (isSlipwayError(error, 'REFERENCE_INVALID')) return undefined;
    throw error;
  }
}
