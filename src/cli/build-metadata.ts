/** `--metadata-file` of a build: what came out of it, under the keys that buildx uses. Pure. */
import { isIndexType } from '#core/media-type.ts';
import { formatReference } from '#core/reference.ts';
import type { BuildResult } from '#engine.ts';
import { fullRef } from './build-rows.ts';

/** A JSON document. */
export function buildMetadata({ ref, imageId, manifest, names }: BuildResult): string {
  const document = {
    'buildx.build.ref': fullRef(ref),
    // An index has no config.
    ...(isIndexType(manifest.mediaType) ? {} : { 'containerimage.config.digest': imageId }),
    'containerimage.descriptor': manifest,
    'containerimage.digest': manifest.digest,
    ...(names.length > 0 ? { 'image.name': names.map(formatReference).join(',') } : {}),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
