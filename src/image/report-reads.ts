/** Who writes an archive only reads: then what is read is what people see of it. */
import type { Digest } from '#core/digest.ts';
import { ignoreEvents } from '#core/events.ts';
import { type BlobStore, hasParts, type Repository } from '#core/repository.ts';
import { configsOf } from '#store/walk.ts';
import type { ImageFamily } from './family.ts';
import type { PutOptions } from './put-images.ts';

/** The image's repository, telling of each blob that is read from it. */
export function reportReads(
  { from, image, companions }: ImageFamily,
  { events = ignoreEvents, direction = 'copy' }: Pick<PutOptions, 'events' | 'direction'>,
): Repository {
  const walks = [image, ...companions.map(({ walked }) => walked)];
  const configs = configsOf(walks.flatMap(({ manifests }) => manifests));
  const sizes = new Map(walks.flatMap(({ blobs }) => blobs.map((one) => [one.digest, one.size])));
  const report = (digest: Digest, state: 'waiting' | 'transferring' | 'done', current: number) => {
    const total = sizes.get(digest);
    const role = configs.has(digest) ? 'config' : 'layer';
    if (total === undefined) return;
    events({ kind: 'transfer', direction, digest, role, state, current, total });
  };
  for (const { digest } of image.blobs) report(digest, 'waiting', 0);
  const { blobs } = from;
  const reporting: BlobStore = {
    stat: (digest, options) => blobs.stat(digest, options),
    ingest: (expected, options) => blobs.ingest(expected, options),
    async *read(digest, options) {
      let current = 0;
      for await (const chunk of blobs.read(digest, options)) {
        yield chunk;
        current += chunk.byteLength;
        report(digest, 'transferring', current);
      }
      report(digest, 'done', current);
    },
  };
  const parts = hasParts(blobs) ? { partsOf: (digest: Digest) => blobs.partsOf(digest) } : {};
  return { ...from, blobs: { ...reporting, ...parts } };
}
