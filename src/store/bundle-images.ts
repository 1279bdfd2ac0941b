/** Images as bundle.json and `save --dry-run` tell of them: how large, and how much is theirs alone. */
import type { Digest } from '#core/digest.ts';
import { formatReference } from '#core/reference.ts';
import type { ArchivedTree } from './archive-plan.ts';
import type { BundleImage, SizedDigest } from './bundle-document.ts';

export function bundleImages(images: readonly ArchivedTree[]): readonly BundleImage[] {
  const contents = images.map(contentOf);
  const users = new Map<Digest, number>();
  for (const { digest } of contents.flat()) users.set(digest, (users.get(digest) ?? 0) + 1);
  return images.map(({ names, top, subject, platforms }, i) => {
    const blobs = contents[i] ?? [];
    return {
      names: names.map(formatReference),
      digest: top.digest,
      mediaType: top.mediaType,
      ...(subject === undefined ? {} : { subject }),
      platforms,
      sizeBytes: sum(blobs),
      uniqueBytes: sum(blobs.filter(({ digest }) => users.get(digest) === 1)),
      blobs: blobs.map(({ digest }) => digest),
    };
  });
}

/** Manifests, configs and layers, each once. */
function contentOf({ manifests, blobs }: ArchivedTree): readonly SizedDigest[] {
  const all = [
    ...manifests.map(({ raw }) => ({ digest: raw.digest, size: raw.bytes.byteLength })),
    ...blobs.map(({ digest, size }) => ({ digest, size })),
  ];
  return [...new Map(all.map((blob) => [blob.digest, blob])).values()];
}

function sum(blobs: readonly SizedDigest[]): number {
  return blobs.reduce((total, { size }) => total + size, 0);
}
