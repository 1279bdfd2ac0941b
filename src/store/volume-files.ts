/**
 * Some volumes of an archive as its files: the list says where each blob lies, so what is covered can
 * be read and what is not is not there. The whole archive is better read as a tar (tar-files.ts).
 */
import { algorithmOf, type Digest, encodedOf } from '#core/digest.ts';
import { parseReference } from '#core/reference.ts';
import {
  BUNDLE_FILE,
  type BundleDocument,
  encodeBundle,
  SIGNATURE_FILE,
} from './bundle-document.ts';
import type { PackedFiles } from './packed-files.ts';
import type { PackedContents } from './packed-repository.ts';
import { covers, partsOf, readSegments, type Segment } from './segments.ts';
import type { VolumesDocument } from './volumes-document.ts';

/** The blobs that lie whole in the segments; bundle.json itself is the list's. */
export function volumeFiles(
  name: string,
  { bundle, signature }: VolumesDocument,
  segments: readonly Segment[],
): PackedFiles {
  const documents = new Map([
    [BUNDLE_FILE, encodeBundle(bundle)],
    ...(signature ? [[SIGNATURE_FILE, signature] as const] : []),
  ]);
  const places = new Map(
    bundle.blobs
      .map(({ digest, offset, size }) => [pathOf(digest), { offset, length: size }] as const)
      .filter(([, range]) => covers(segments, range)),
  );
  return {
    name,
    async size(path) {
      return documents.get(path)?.byteLength ?? places.get(path)?.length;
    },
    async *read(path, { range, ...how } = {}) {
      const document = documents.get(path);
      if (document) return yield document;
      const place = places.get(path);
      if (!place) throw new Error(`invariant broken: ${path} is in no volume`);
      const start = Math.min(range?.offset ?? 0, place.length);
      const length = Math.min(range?.length ?? place.length, place.length - start);
      yield* readSegments(segments, {
        range: { offset: place.offset + start, length },
        ...how,
      });
    },
    async partsOf(path) {
      const place = places.get(path);
      return place ? partsOf(segments, place) : undefined;
    },
  };
}

/** What bundle.json alone tells of the images. @throws REFERENCE_INVALID */
export function volumeContents(bundle: BundleDocument): PackedContents {
  const sizes = new Map([...bundle.blobs, ...bundle.missing].map((one) => [one.digest, one.size]));
  return {
    bundle,
    images: bundle.images.map(({ digest, mediaType, names }) => {
      const references = names.map(parseReference);
      return {
        manifest: { mediaType, digest, size: sizes.get(digest) ?? 0 },
        names: references,
        refNames: references.flatMap(({ tag }) => tag ?? []),
      };
    }),
  };
}

function pathOf(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${encodedOf(digest)}`;
}
