/** `inspect` in docker's shape (Engine API, ImageInspect). Pure. */
import type { JsonObject, JsonValue } from '#core/json.ts';
import type { ImageSummary } from '#core/local-image.ts';
import { familiarReference } from '#core/reference.ts';

/** Fields that do not apply are absent, except those that docker always prints. */
export function imageJson(image: ImageSummary): JsonObject {
  const { config } = image;
  const lastStep = config.history.at(-1);
  return {
    Id: image.imageId,
    RepoTags: image.tags.map(familiarReference),
    RepoDigests: image.digests.map(familiarReference),
    Comment: lastStep?.comment ?? '',
    Created: image.created ?? '0001-01-01T00:00:00Z',
    Author: config.author ?? '',
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    Size: image.sizeBytes,
    Descriptor: plain({
      mediaType: image.manifest.mediaType,
      digest: image.manifest.digest,
      size: image.manifest.size,
    }),
    RootFS: { Type: config.rootfs.type, Layers: config.rootfs.diff_ids },
    Config: plain(config.config),
  };
}

/** A document of ours as JSON: what is undefined disappears. */
function plain(document: object): JsonValue {
  return JSON.parse(JSON.stringify(document)) as JsonValue;
}
