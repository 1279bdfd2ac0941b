/**
 * Byte strings: names from tars and file systems are bytes, not text. A ByteString holds one byte
 * per character (latin1), so it sorts and compares as the kernel does and survives names that are
 * not UTF-8. Convert only where a human reads or writes the name.
 */
import { Buffer } from 'node:buffer';

declare const byteString: unique symbol;
/** A string whose characters are all below U+0100: one byte each. */
export type ByteString = string & { readonly [byteString]: true };

/** The bytes of `text` in UTF-8, as a byte string. */
export function toByteString(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1') as ByteString;
}

/** Bytes as a byte string (no decoding). */
export function byteStringOf(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    'latin1',
  ) as ByteString;
}

/** The raw bytes, for system calls and files. */
export function bytesOf(text: ByteString): Buffer {
  return Buffer.from(text, 'latin1');
}

const NOT_ASCII = /[\x80-\xff]/;

/** For people: decoded as UTF-8, damaged sequences replaced. */
export function displayBytes(text: ByteString): string {
  // Most names are ASCII, and are what they are.
  if (!NOT_ASCII.test(text)) return text;
  return Buffer.from(text, 'latin1').toString('utf8');
}
