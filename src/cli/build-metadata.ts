/** `--metadata-file` of a build: what came out of it, under the keys that buildx uses. Pure. */
import { isIndexType } from '#core/media-type.ts';
import { formatReference } from '#core/reference.ts';
import type { BuildResult } from '#engine.ts';

/** A JSON document. */
export function buildMetadata({ imageId, manifest, names }: BuildResult): string {
  const document = {
    // An index has no config.
    ...(isIndexType(manifest.mediaType) ? {} : { 'containerimage.config.digest': imageId }),
    'containerimage.descriptor': manifest,
    'containerimage.digest': manifest.digest,
    ...(names.length > 0 ? { 'image.name': names.map(formatReference).join(',') } : {}),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
