/**
 * `docker save`: images of the local store to one tar (archive-write.ts), as they are: the digests of
 * manifests, configs and layers survive.
 */

import { isSlipwayError } from '#core/errors.ts';
import type { Platform } from '#core/platform.ts';
import { formatReference, parseReference, type Reference, repositoryKey } from '#core/reference.ts';
import { type ArchivedImage, writeImageArchive } from '#store/archive-write.ts';
import type { Lease } from '#store/leases.ts';
import type { LocalStore } from '#store/local-store.ts';
import { writeOutput } from './output-file.ts';
import { type LocalImage, resolveImage } from './resolve.ts';
import { selectAnyManifest } from './select.ts';

export interface SaveOptions {
  readonly store: LocalStore;
  /** Names, digests or IDs. A name without a tag means all its tags, an ID goes without a name. */
  readonly images: readonly string[];
  /** A path, written beside and renamed when complete; or a stream, which is not ended. */
  readonly output: string | NodeJS.WritableStream;
  /** Which image of an index old readers see. */
  readonly platform: Platform;
  readonly signal?: AbortSignal;
}

/** @throws IMAGE_UNKNOWN, IMAGE_ID_AMBIGUOUS, BLOB_UNKNOWN, DISK_FULL, PERMISSION */
export async function saveImages(options: SaveOptions): Promise<void> {
  const { store, output, platform } = options;
  await using lease = await store.lease({ purpose: `save ${options.images.join(' ')}` });
  const images = await collectImages(options, lease);
  const signal = options.signal ? { signal: options.signal } : {};
  await writeOutput(output, {
    write: (sink) =>
      writeImageArchive({
        images,
        sink,
        choose: (index) => selectAnyManifest(index, platform),
        ...signal,
      }),
    ...signal,
  });
}

/** Each image once, with all the names it was asked by. */
async function collectImages(
  options: SaveOptions,
  lease: Lease,
): Promise<readonly ArchivedImage[]> {
  const found = new Map<string, { image: LocalImage; names: Map<string, Reference> }>();
  for (const text of options.images) {
    for (const { selector, name } of wantedBy(text, options.store)) {
      const image = await resolveImage(selector, { ...options, lease, orAnyPlatform: true });
      const known = found.get(image.root.digest) ?? { image, names: new Map() };
      if (name) known.names.set(formatReference(name), name);
      found.set(image.root.digest, known);
    }
  }
  return [...found.values()].map(({ image, names }) => ({
    from: image.repository,
    selector: image.root.digest,
    names: [...names.values()],
  }));
}

interface Wanted {
  /** For {@link resolveImage}. */
  readonly selector: string;
  readonly name?: Reference;
}

/** A name alone stands for all tags of its repository (`docker save ubuntu`). */
function wantedBy(text: string, store: LocalStore): readonly Wanted[] {
  const reference = referenceIn(text);
  if (!reference || reference.digest !== undefined) return [{ selector: text }];
  if (reference.tag !== undefined) return [{ selector: text, name: reference }];
  const key = repositoryKey(reference);
  const tags = store.images.list().flatMap((image) => (image.repository === key ? image.tags : []));
  if (tags.length === 0) return [{ selector: text }];
  return tags.sort().map((tag) => {
    const name = { ...reference, tag };
    return { selector: formatReference(name), name };
  });
}

function referenceIn(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (isSlipwayError(error, 'REFERENCE_INVALID')) return undefined;
    throw error;
  }
}
