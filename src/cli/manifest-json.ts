/** What `manifest inspect` prints: docker's documents, to the byte where they have what docker knows. Pure. */
import type { ListedManifest, ManifestInspection } from '#core/manifest-list.ts';
import { isIndexType, OCI_MANIFEST } from '#core/media-type.ts';
import type { RawManifest } from '#core/repository.ts';

/** A list as it would be pushed, an image as it is in its registry. */
export function manifestText(found: ManifestInspection): string {
  return found.kind === 'list' ? indented(found.raw, 3) : indented(found.image.raw, '\t');
}

/** With names, descriptors and platforms. */
export function verboseManifestText(found: ManifestInspection): string {
  const document = found.kind === 'list' ? found.images.map(documentOf) : documentOf(found.image);
  return `${JSON.stringify(document, undefined, '\t')}\n`;
}

function indented({ bytes }: RawManifest, by: number | string): string {
  return `${JSON.stringify(parsed(bytes), undefined, by)}\n`;
}

function documentOf({ reference, descriptor, raw }: ListedManifest): object {
  const { platform, mediaType, digest, size } = descriptor;
  return {
    Ref: reference,
    Descriptor: { mediaType, digest, size, ...(platform ? { platform } : {}) },
    Raw: Buffer.from(raw.bytes).toString('base64'),
    ...(isIndexType(raw.mediaType) ? {} : { [keyOf(raw)]: parsed(raw.bytes) }),
  };
}

function keyOf({ mediaType }: RawManifest): string {
  return mediaType === OCI_MANIFEST ? 'OCIManifest' : 'SchemaV2Manifest';
}

/** Manifests are decoded before they get here. */
function parsed(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString('utf8'));
}
