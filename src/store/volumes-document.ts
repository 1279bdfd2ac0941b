/**
 * `x.tar.volumes.json`, beside an archive that was split: which volumes it has, with their checksums,
 * and where in the whole each image's blobs lie, so that a part of the volumes says what it is good
 * for. It holds the archive's own bundle.json (bundle-document.ts) as it stands in the last volume.
 */
import { basename } from 'node:path';
import { type Digest, digestOf, parseDigest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import {
  BUNDLE_SIZE_BYTES_MAX,
  type BundleDocument,
  decodeBundle,
  encodeBundle,
} from './bundle-document.ts';
import type { Segment } from './segments.ts';

export const VOLUMES_TYPE = 'application/vnd.slipway.volumes.v1+json';
/** The bundle's, and a line for each volume. */
export const VOLUMES_SIZE_BYTES_MAX = BUNDLE_SIZE_BYTES_MAX + 4 * 1024 * 1024;
/** More would not fit a name with four digits, and nobody changes sticks that often. */
export const VOLUMES_MAX = 9999;

export interface VolumesDocument {
  /** The digest of bundle.json: what this archive is, however it was cut. */
  readonly id: Digest;
  readonly bundle: BundleDocument;
  /** Of bundle.json, when it is signed. */
  readonly signature?: Uint8Array;
  /** What was asked for; the last volume is shorter. */
  readonly volumeBytes: number;
  /** In order; together the archive. */
  readonly volumes: readonly Volume[];
}

export interface Volume {
  /** Of the file, without a folder. */
  readonly name: string;
  /** In the whole. */
  readonly offset: number;
  readonly size: number;
  readonly digest: Digest;
}

export function bundleId(bundle: BundleDocument): Digest {
  return digestOf(encodeBundle(bundle));
}

export function encodeVolumes(document: VolumesDocument): Uint8Array {
  const { id, bundle, signature, volumeBytes, volumes } = document;
  const signed = signature ? { signature: Buffer.from(signature).toString('base64') } : {};
  const head = { schemaVersion: 1, mediaType: VOLUMES_TYPE, id, ...signed, volumeBytes };
  const rows = volumes.map(({ name, size, digest }) => ({ name, size, digest }));
  const text = JSON.stringify({ ...head, volumes: rows }).slice(0, -1);
  // The bundle as it is: its digest is the id.
  return Buffer.from(`${text},"bundle":${Buffer.from(encodeBundle(bundle)).toString().trim()}}\n`);
}

/** @throws ARCHIVE_INVALID, naming the field; `where`: the file, for the message */
export function decodeVolumes(bytes: Uint8Array, where: string): VolumesDocument {
  try {
    const top = new ObjectReader(parseJson(bytes, where), where);
    if (top.string('mediaType') !== VOLUMES_TYPE) top.refuse('mediaType', VOLUMES_TYPE);
    const id = parseDigest(top.string('id'));
    const inner = top.raw('bundle');
    const bundle = decodeBundle(Buffer.from(JSON.stringify(inner ?? null)), where);
    if (bundleId(bundle) !== id) top.refuse('bundle', `content of ${id}`);
    const signature = top.optionalString('signature');
    return {
      id,
      bundle,
      ...(signature === undefined ? {} : { signature: Buffer.from(signature, 'base64') }),
      volumeBytes: top.size('volumeBytes'),
      volumes: readVolumes(top),
    };
  } catch (cause) {
    if (!isSlipwayError(cause, 'JSON_INVALID', 'DIGEST_INVALID')) throw cause;
    throw new SlipwayError('ARCHIVE_INVALID', cause.message, {
      hint: 'the list of volumes was damaged or changed: copy it again, or save again',
      cause,
    });
  }
}

function readVolumes(top: ObjectReader): readonly Volume[] {
  const rows = top.objects('volumes');
  if (rows.length === 0 || rows.length > VOLUMES_MAX) top.refuse('volumes', `1 to ${VOLUMES_MAX}`);
  let offset = 0;
  return rows.map((row) => {
    const name = row.string('name');
    if (name !== basename(name) || !/\.\d{3,4}$/.test(name)) row.refuse('name', 'a file name');
    const volume = {
      name,
      offset,
      size: row.size('size'),
      digest: parseDigest(row.string('digest')),
    };
    offset += volume.size;
    return volume;
  });
}

/** Where a volume, found at a path, lies in the whole. */
export function segmentOf({ offset, size }: Volume, path: string): Segment {
  return { path, offset, size };
}
