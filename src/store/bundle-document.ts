/**
 * bundle.json, the last file of an archive that `slipway save` writes: which images are in it, where
 * in the tar each blob lies, and which blobs were left out because the receiver has them. A reader
 * can do without it; with it one seeks instead of scanning, and knows a part from a damaged whole.
 * No clock, no host: the same images give the same bytes. ADR 12 has the reasons.
 */
import { type Digest, parseDigest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';

export const BUNDLE_FILE = 'bundle.json';
/** 64 bytes of ed25519 over the bytes of bundle.json, as `openssl pkeyutl -rawin` writes and checks them. */
export const SIGNATURE_FILE = 'bundle.json.sig';
const BUNDLE_TYPE = 'application/vnd.slipway.bundle.v1+json';
/** 200,000 blobs. */
export const BUNDLE_SIZE_BYTES_MAX = 64 * 1024 * 1024;

const IMAGES_MAX = 10_000;
const BLOBS_MAX = 1_000_000;

export interface BundleDocument {
  readonly images: readonly BundleImage[];
  /** What is in the tar, in its order. */
  readonly blobs: readonly BundleBlob[];
  /** What the images need besides, sorted by digest. */
  readonly missing: readonly SizedDigest[];
  /** The other documents of the tar by path, with the digest of their bytes. */
  readonly files: ReadonlyMap<string, Digest>;
}

export interface BundleImage {
  /** Full, with tags; empty: it goes without a name. */
  readonly names: readonly string[];
  /** Of the manifest or index. */
  readonly digest: Digest;
  readonly mediaType: string;
  /** The manifest that this one is about (a signature, an SBOM); absent: an image of its own. */
  readonly subject?: Digest;
  /** `linux/arm64`; none where no config or index says. */
  readonly platforms: readonly string[];
  /** Of all its blobs, whether in the tar or not. */
  readonly sizeBytes: number;
  /** Of those that no other image of the archive needs. */
  readonly uniqueBytes: number;
  /** Manifests, configs and layers. */
  readonly blobs: readonly Digest[];
}

export interface SizedDigest {
  readonly digest: Digest;
  readonly size: number;
}

export interface BundleBlob extends SizedDigest {
  /** Of the content's first byte, from the start of the tar. */
  readonly offset: number;
}

export function encodeBundle({ images, blobs, missing, files }: BundleDocument): Uint8Array {
  const document = {
    schemaVersion: 1,
    mediaType: BUNDLE_TYPE,
    images,
    blobs,
    missing,
    files: Object.fromEntries(files),
  };
  return Buffer.from(`${JSON.stringify(document)}\n`);
}

/** @throws ARCHIVE_INVALID, naming the field; `where`: the archive, for the message */
export function decodeBundle(bytes: Uint8Array, where: string): BundleDocument {
  try {
    if (bytes.byteLength > BUNDLE_SIZE_BYTES_MAX) {
      throw new SlipwayError('JSON_INVALID', `${BUNDLE_FILE} has ${bytes.byteLength} bytes`);
    }
    return readBundle(new ObjectReader(parseJson(bytes, BUNDLE_FILE), BUNDLE_FILE));
  } catch (cause) {
    if (!isSlipwayError(cause, 'JSON_INVALID', 'DIGEST_INVALID')) throw cause;
    throw new SlipwayError('ARCHIVE_INVALID', `${where}: ${cause.message}`, {
      hint: 'the archive was damaged or changed: save it again',
      cause,
    });
  }
}

/**
 * The same, for readers that can do without: undefined when somebody else's file has this name.
 * @throws ARCHIVE_INVALID
 */
export function decodeOwnBundle(bytes: Uint8Array, where: string): BundleDocument | undefined {
  return isOurs(bytes) ? decodeBundle(bytes, where) : undefined;
}

function isOurs(bytes: Uint8Array): boolean {
  try {
    const top = new ObjectReader(parseJson(bytes, BUNDLE_FILE), BUNDLE_FILE);
    return top.optionalString('mediaType') === BUNDLE_TYPE;
  } catch (error) {
    if (isSlipwayError(error, 'JSON_INVALID')) return false;
    throw error;
  }
}

function readBundle(top: ObjectReader): BundleDocument {
  if (top.optionalNumber('schemaVersion') !== 1) top.refuse('schemaVersion', '1');
  if (top.string('mediaType') !== BUNDLE_TYPE) top.refuse('mediaType', BUNDLE_TYPE);
  const images = atMost(IMAGES_MAX, top, 'images').map(readImage);
  const blobs = atMost(BLOBS_MAX, top, 'blobs').map((blob) => ({
    ...readSized(blob),
    offset: blob.size('offset'),
  }));
  checkOrder(blobs, top);
  const missing = atMost(BLOBS_MAX, top, 'missing').map(readSized);
  const files = Object.entries(top.optionalStringMap('files') ?? {});
  return {
    images,
    blobs,
    missing,
    files: new Map(files.map(([path, digest]) => [path, parseDigest(digest)])),
  };
}

function atMost(count: number, top: ObjectReader, key: string): readonly ObjectReader[] {
  const found = top.objects(key);
  if (found.length > count) top.refuse(key, `at most ${count}`);
  return found;
}

function readImage(image: ObjectReader): BundleImage {
  const subject = image.optionalString('subject');
  return {
    names: image.strings('names'),
    digest: parseDigest(image.string('digest')),
    mediaType: image.string('mediaType'),
    ...(subject === undefined ? {} : { subject: parseDigest(subject) }),
    platforms: image.strings('platforms'),
    sizeBytes: image.size('sizeBytes'),
    uniqueBytes: image.size('uniqueBytes'),
    blobs: image.strings('blobs').map(parseDigest),
  };
}

function readSized(blob: ObjectReader): SizedDigest {
  return { digest: parseDigest(blob.string('digest')), size: blob.size('size') };
}

/** Contents lie one behind the other, at the ends of tar blocks: nothing overlaps. */
function checkOrder(blobs: readonly BundleBlob[], top: ObjectReader): void {
  let end = 0;
  for (const { offset, size } of blobs) {
    if (offset < end || offset % 512 !== 0) top.refuse('blobs', 'in the order of the tar');
    end = offset + size;
    if (!Number.isSafeInteger(end)) top.refuse('blobs', 'within a file');
  }
}
