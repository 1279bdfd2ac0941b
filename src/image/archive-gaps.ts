/**
 * What an archive and the local store together still lack of an image. An archive of differences
 * (`save --have`) says on purpose less than it lists; what was guessed wrongly is named here, with the
 * command that closes the gap.
 */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { familiarReference } from '#core/reference.ts';
import type { BlobStore, CallOptions } from '#core/repository.ts';
import type { PackedImage } from '#store/packed-repository.ts';
import { configsOf, type WalkedImage } from '#store/walk.ts';

export interface Gap {
  readonly image: PackedImage;
  readonly missing: readonly MissingBlob[];
}

export interface MissingBlob {
  /** `layer 2 of 5`, `config`, `manifest`. */
  readonly role: string;
  readonly digest: Digest;
  /** Bytes; absent: nothing here says. */
  readonly size?: number;
}

export interface Places {
  readonly archive: BlobStore;
  readonly store: BlobStore;
}

/** Blobs of the image that are in neither place. Those found in the store are held from here on. */
export async function missingBlobs(
  image: WalkedImage,
  { archive, store }: Places,
  call: CallOptions,
): Promise<readonly MissingBlob[]> {
  const missing: MissingBlob[] = [];
  for (const blob of image.blobs) {
    if (await archive.stat(blob.digest, call)) continue;
    if (await store.stat(blob.digest, call)) continue;
    missing.push({ role: roleOf(blob, image), digest: blob.digest, size: blob.size });
  }
  return missing;
}

function roleOf({ digest }: Descriptor, { manifests }: WalkedImage): string {
  if (configsOf(manifests).has(digest)) return 'config';
  for (const { manifest } of manifests) {
    if (manifest.kind !== 'image') continue;
    const at = manifest.layers.findIndex((layer) => layer.digest === digest);
    if (at >= 0) return `layer ${at + 1} of ${manifest.layers.length}`;
  }
  return 'blob';
}

/** Lines a listing goes up to; all of them are in the error's detail. */
const LINES_MAX = 20;

export interface IncompleteOptions {
  /** For the message. */
  readonly archive: string;
  /** How many images were loaded nevertheless. */
  readonly loaded: number;
  /** The archive says itself that it leaves something out. */
  readonly isDelta: boolean;
}

/** ARCHIVE_INCOMPLETE, naming every blob and the command that fetches them. */
export function archiveIncomplete(
  gaps: readonly Gap[],
  { archive, loaded, isDelta }: IncompleteOptions,
): SlipwayError {
  const lines = gaps.flatMap(({ image, missing }) =>
    missing.map(
      ({ role, digest, size }) =>
        `  ${nameOf(image)}: ${role} ${digest}${size === undefined ? '' : ` (${size} bytes)`}`,
    ),
  );
  const shown = lines.slice(0, LINES_MAX);
  const rest = lines.length - shown.length;
  const more = rest > 0 ? [`  and ${rest} more`] : [];
  const count = gaps.length === 1 ? '1 image is' : `${gaps.length} images are`;
  const others = loaded > 0 ? '; the others are loaded' : '';
  return new SlipwayError(
    'ARCHIVE_INCOMPLETE',
    [
      `${count} not complete in ${archive}, and the local store lacks the rest too${others}:`,
      ...shown,
      ...more,
    ].join('\n'),
    {
      hint: isDelta
        ? closingCommands(gaps)
        : 'it was cut off on its way or saved in part: save or copy it again',
      detail: {
        images: gaps.map(({ image, missing }) => ({
          names: image.names.map(familiarReference),
          digest: image.manifest.digest,
          missing,
        })),
      },
    },
  );
}

function closingCommands(gaps: readonly Gap[]): string {
  const images = gaps.flatMap(({ image }) =>
    image.names.length > 0 ? image.names.map(familiarReference) : [image.manifest.digest],
  );
  return `here: slipway inventory -o have.json; there: slipway save --have have.json -o rest.tar ${images.join(' ')}; then load rest.tar`;
}

function nameOf({ names, manifest }: PackedImage): string {
  const [name] = names;
  return name ? familiarReference(name) : manifest.digest;
}
