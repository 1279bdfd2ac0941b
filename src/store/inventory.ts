/**
 * inventory.json: which blobs a store has, in a few kilobytes, to be carried to where an archive for
 * it is saved. Eight bytes a blob: the beginnings of the digests, sorted. Nothing else is in it, no
 * name, no host, no time. ADR 12 says why beginnings are enough: two of n × m digests share one with
 * a chance of n·m/2⁶⁴ (10⁻¹⁰ for 100,000 and 10,000), and the load would then name the blob it misses.
 */
import { type Digest, encodedOf } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';

export const INVENTORY_TYPE = 'application/vnd.slipway.inventory.v1+json';
/** Blobs up to this size are not listed and always sent: asking would cost what it saves. */
export const ALWAYS_SENT_BYTES = 4096;

const PREFIX_BYTES = 8;
const BLOBS_MAX = 1_000_000;

/** The beginnings of the digests of blobs, as hex. */
export interface Inventory {
  readonly prefixes: ReadonlySet<string>;
}

export function inventoryOf(
  blobs: Iterable<{ readonly digest: Digest; readonly size: number }>,
): Inventory {
  const prefixes = new Set<string>();
  for (const { digest, size } of blobs) {
    if (size > ALWAYS_SENT_BYTES) prefixes.add(prefixOf(digest));
  }
  return { prefixes };
}

/** False for blobs that are small: they are never listed. */
export function inventoryHas({ prefixes }: Inventory, digest: Digest): boolean {
  return prefixes.has(prefixOf(digest));
}

function prefixOf(digest: Digest): string {
  return encodedOf(digest).slice(0, PREFIX_BYTES * 2);
}

/** As it stands in the file, for a document that has an inventory in it. */
export interface InventoryDocument {
  readonly schemaVersion: 1;
  readonly mediaType: string;
  readonly prefixBytes: number;
  readonly largerThan: number;
  readonly count: number;
  /** base64url of the beginnings, sorted, one behind the other. */
  readonly prefixes: string;
}

export function inventoryDocument({ prefixes }: Inventory): InventoryDocument {
  const packed = Buffer.from([...prefixes].sort().join(''), 'hex');
  return {
    schemaVersion: 1,
    mediaType: INVENTORY_TYPE,
    prefixBytes: PREFIX_BYTES,
    largerThan: ALWAYS_SENT_BYTES,
    count: prefixes.size,
    prefixes: packed.toString('base64url'),
  };
}

/** The same inventory gives the same bytes. */
export function encodeInventory(inventory: Inventory): Uint8Array {
  return Buffer.from(`${JSON.stringify(inventoryDocument(inventory))}\n`);
}

/** @throws FILE_UNUSABLE, naming the field; `where`: the file, for the message */
export function decodeInventory(bytes: Uint8Array, where: string): Inventory {
  try {
    return readInventory(new ObjectReader(parseJson(bytes, 'inventory'), 'inventory'));
  } catch (cause) {
    if (!isSlipwayError(cause, 'JSON_INVALID')) throw cause;
    throw new SlipwayError('FILE_UNUSABLE', `${where}: ${cause.message}`, {
      hint: 'write it again with "slipway inventory -o FILE" where the archive shall be loaded',
      cause,
    });
  }
}

/** @throws JSON_INVALID */
export function readInventory(top: ObjectReader): Inventory {
  if (top.optionalNumber('schemaVersion') !== 1) top.refuse('schemaVersion', '1');
  if (top.string('mediaType') !== INVENTORY_TYPE) top.refuse('mediaType', INVENTORY_TYPE);
  if (top.size('prefixBytes') !== PREFIX_BYTES) top.refuse('prefixBytes', `${PREFIX_BYTES}`);
  const count = top.size('count');
  if (count > BLOBS_MAX) top.refuse('count', `at most ${BLOBS_MAX}`);
  const text = top.string('prefixes');
  const packed = Buffer.from(text, 'base64url');
  if (packed.toString('base64url') !== text) top.refuse('prefixes', 'base64url');
  if (packed.byteLength !== count * PREFIX_BYTES) top.refuse('prefixes', `${count} beginnings`);
  const prefixes = new Set<string>();
  for (let at = 0; at < packed.byteLength; at += PREFIX_BYTES) {
    prefixes.add(packed.toString('hex', at, at + PREFIX_BYTES));
  }
  if (prefixes.size !== count) top.refuse('prefixes', 'each beginning once');
  return { prefixes };
}
