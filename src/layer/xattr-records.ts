/** Extended attributes as bytes, in records of the scan, the stat cache and the list of pack. */
import type { ByteString } from '#core/bytes.ts';

const NO_BYTES = Buffer.alloc(0);

/** Sorted by name: for each 4 bytes length of the name, 4 of the value, both. */
export function encodeXattrs(xattrs: ReadonlyMap<ByteString, Uint8Array>): Buffer {
  if (xattrs.size === 0) return NO_BYTES;
  const sorted = [...xattrs].sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat(
    sorted.flatMap(([name, value]) => {
      const lengths = Buffer.alloc(8);
      lengths.writeUInt32LE(name.length, 0);
      lengths.writeUInt32LE(value.length, 4);
      return [lengths, Buffer.from(name, 'latin1'), value];
    }),
  );
}

/** Values are views. Undefined when the bytes are none of ours. */
export function decodeXattrs(bytes: Buffer): ReadonlyMap<ByteString, Uint8Array> | undefined {
  const xattrs = new Map<ByteString, Uint8Array>();
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < 8) return undefined;
    const name = at + 8;
    const value = name + bytes.readUInt32LE(at);
    const end = value + bytes.readUInt32LE(at + 4);
    if (end > bytes.length) return undefined;
    xattrs.set(bytes.toString('latin1', name, value) as ByteString, bytes.subarray(value, end));
    at = end;
  }
  return xattrs;
}
