/**
 * receipt.json: what a load brought to a host, to be carried back to where the archive was saved.
 * There it says what arrived, and serves as the next `save --have`: it has the receiver's inventory
 * in it. Unlike the other documents it has a time and a host: it is a record, not content.
 */
import { type Digest, parseDigest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import {
  type Inventory,
  type InventoryDocument,
  inventoryDocument,
  readInventory,
} from './inventory.ts';

export const RECEIPT_TYPE = 'application/vnd.slipway.receipt.v1+json';

const IMAGES_MAX = 10_000;

export interface Receipt {
  /** ISO 8601. */
  readonly loadedAt: string;
  /** Where: a host's name. */
  readonly host: string;
  readonly images: readonly ReceivedImage[];
  /** All that the receiver had afterwards; absent: only the images are known. */
  readonly inventory?: Inventory;
}

export interface ReceivedImage {
  /** Full, with tags. */
  readonly names: readonly string[];
  /** Of the manifest or index. */
  readonly digest: Digest;
  readonly imageId: Digest;
  /** Manifests, configs and layers; all of them are there. */
  readonly blobs: readonly Digest[];
}

export function encodeReceipt({ loadedAt, host, images, inventory }: Receipt): Uint8Array {
  const has: { readonly inventory?: InventoryDocument } = inventory
    ? { inventory: inventoryDocument(inventory) }
    : {};
  const document = { schemaVersion: 1, mediaType: RECEIPT_TYPE, loadedAt, host, images, ...has };
  return Buffer.from(`${JSON.stringify(document)}\n`);
}

/** @throws FILE_UNUSABLE, naming the field; `where`: the file, for the message */
export function decodeReceipt(bytes: Uint8Array, where: string): Receipt {
  try {
    return readReceipt(new ObjectReader(parseJson(bytes, 'receipt'), 'receipt'));
  } catch (cause) {
    if (!isSlipwayError(cause, 'JSON_INVALID', 'DIGEST_INVALID')) throw cause;
    throw new SlipwayError('FILE_UNUSABLE', `${where}: ${cause.message}`, {
      hint: 'write a new one with "slipway load --receipt", or an inventory with "slipway inventory"',
      cause,
    });
  }
}

function readReceipt(top: ObjectReader): Receipt {
  if (top.optionalNumber('schemaVersion') !== 1) top.refuse('schemaVersion', '1');
  if (top.string('mediaType') !== RECEIPT_TYPE) top.refuse('mediaType', RECEIPT_TYPE);
  const images = top.objects('images');
  if (images.length > IMAGES_MAX) top.refuse('images', `at most ${IMAGES_MAX}`);
  const inventory = top.optionalObject('inventory');
  return {
    loadedAt: top.string('loadedAt'),
    host: top.string('host'),
    images: images.map((image) => ({
      names: image.strings('names'),
      digest: parseDigest(image.string('digest')),
      imageId: parseDigest(image.string('imageId')),
      blobs: image.strings('blobs').map(parseDigest),
    })),
    ...(inventory ? { inventory: readInventory(inventory) } : {}),
  };
}
