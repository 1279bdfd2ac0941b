/** CRC-32, as in gzip. */

/** Up to this length a table is done before Node's zlib is loaded, which takes 2 ms. */
const SMALL_BYTES = 16 * 1024;

export function crc32(bytes: Uint8Array): number {
  if (bytes.byteLength > SMALL_BYTES) return process.getBuiltinModule('node:zlib').crc32(bytes);
  table ??= makeTable();
  let crc = -1;
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}

const POLYNOMIAL = 0xedb88320;

let table: Int32Array | undefined;

function makeTable(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    return crc;
  });
}
