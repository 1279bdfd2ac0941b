/**
 * What a registry has already of an image, by asking for its manifests: who has a manifest has what it
 * needs, since registries take none whose content is missing. Its blobs need not be asked for then.
 */
import type { LimitFunction } from 'p-limit';
import type { Digest } from '#core/digest.ts';
import { childrenOf } from '#core/manifest.ts';
import type { CallOptions, Repository } from '#core/repository.ts';
import { resolvedIn } from '#store/resolved-in.ts';
import type { WalkedImage } from '#store/walk.ts';

/** The image without what `to` has; undefined: it has all of it. */
export async function withoutKnown(
  image: WalkedImage,
  to: Repository,
  { limit, ...call }: CallOptions & { readonly limit: LimitFunction },
): Promise<WalkedImage | undefined> {
  const root = image.manifests.at(-1);
  if (!root) return image;
  if (await isThere(to, root.raw.digest, call)) return undefined;
  const children = image.manifests.slice(0, -1);
  const known = await Promise.all(
    children.map(({ raw }) => limit(() => isThere(to, raw.digest, call))),
  );
  const manifests = [...children.filter((_, i) => known[i] !== true), root];
  const needed = new Set<Digest>();
  for (const { manifest } of manifests) {
    if (manifest.kind === 'image')
      for (const { digest } of childrenOf(manifest)) needed.add(digest);
  }
  return { ...image, manifests, blobs: image.blobs.filter(({ digest }) => needed.has(digest)) };
}

async function isThere(to: Repository, digest: Digest, call: CallOptions): Promise<boolean> {
  return (await resolvedIn(to, digest, call)) !== undefined;
}
