/** Bits out of bytes, the highest first, as bzip2 packs them. */
import type { Buffer } from 'node:buffer';

/** The bytes are used up; caught where more can be read. */
export class BitsMissing extends Error {}

export class ArchiveBits {
  readonly #bytes: Buffer;
  /** The next byte. */
  #at: number;
  /** Bits taken from the bytes and not handed out: the lowest `#count` of `#held`. */
  #held = 0;
  #count = 0;

  /** `position`: in bits. */
  constructor(bytes: Buffer, position: number) {
    this.#bytes = bytes;
    this.#at = position >>> 3;
    if ((position & 7) !== 0) this.read(position & 7);
  }

  /** Bits handed out, from the first byte on. */
  get position(): number {
    return this.#at * 8 - this.#count;
  }

  /** A number of up to 32 bits. @throws BitsMissing */
  read(count: number): number {
    if (count > 24) return this.read(count - 16) * 65536 + this.read(16);
    this.#hold(count);
    this.#count -= count;
    return (this.#held >>> this.#count) & ((1 << count) - 1);
  }

  /** The next `count` bits (up to 24) without taking them; zeros stand for what is missing. */
  peek(count: number): number {
    if (this.#count < count) {
      if (this.#at + 3 < this.#bytes.length) this.#hold(count);
      else return this.#peekAtEnd(count);
    }
    return (this.#held >>> (this.#count - count)) & ((1 << count) - 1);
  }

  /** Takes bits that were looked at. @throws BitsMissing */
  skip(count: number): void {
    if (this.#count < count) this.#hold(count);
    this.#count -= count;
  }

  #hold(count: number): void {
    while (this.#count < count) {
      if (this.#at >= this.#bytes.length) throw new BitsMissing('no more bits');
      this.#held = (this.#held << 8) | (this.#bytes[this.#at++] ?? 0);
      this.#count += 8;
    }
  }

  #peekAtEnd(count: number): number {
    let held = this.#held & ((1 << this.#count) - 1);
    let have = this.#count;
    for (let at = this.#at; have < count; at++) {
      held = (held << 8) | (this.#bytes[at] ?? 0);
      have += 8;
    }
    return (held >>> (have - count)) & ((1 << count) - 1);
  }
}
