/**
 * index.json of an OCI layout (image-spec image-layout.md): which manifests it holds and what they
 * are called. A manifest under two names stands in it twice.
 */
import type { Descriptor } from '#core/descriptor.ts';
import { SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import { decodeDescriptor } from '#core/manifest.ts';
import { OCI_INDEX } from '#core/media-type.ts';

/** The tag within a layout, or whatever its writer put there. */
export const REF_NAME = 'org.opencontainers.image.ref.name';
/** containerd's and docker's: the full name. */
export const FULL_NAME = 'io.containerd.image.name';

export const LAYOUT_FILE = 'oci-layout';
export const INDEX_FILE = 'index.json';
export const LAYOUT_BYTES = Buffer.from('{"imageLayoutVersion":"1.0.0"}');
/** index.json of a huge mirror is a few megabytes. */
export const INDEX_SIZE_BYTES_MAX = 64 * 1024 * 1024;

/** @throws ARCHIVE_INVALID */
export function decodeLayoutIndex(bytes: Uint8Array, where: string): readonly Descriptor[] {
  try {
    const top = new ObjectReader(parseJson(bytes, INDEX_FILE), INDEX_FILE);
    return top.objects('manifests').map(decodeDescriptor);
  } catch (cause) {
    if (!(cause instanceof SlipwayError)) throw cause;
    throw new SlipwayError('ARCHIVE_INVALID', `${where}: ${cause.message}`, { cause });
  }
}

export function encodeLayoutIndex(manifests: readonly Descriptor[]): Uint8Array {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
}

export function refNameOf(descriptor: Descriptor): string | undefined {
  return descriptor.annotations?.[REF_NAME];
}
