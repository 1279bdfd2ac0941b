/**
 * Pulls exact amounts of bytes out of a stream of chunks. What the tar reader stands on: no copying
 * unless a piece crosses a chunk, and no waiting while the bytes are already here.
 */
import { Buffer } from 'node:buffer';

const EMPTY = Buffer.alloc(0);

export class ByteReader implements AsyncDisposable {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk: Buffer = EMPTY;
  #at = 0;
  #offset = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Bytes handed out or skipped so far. */
  get offset(): number {
    return this.#offset;
  }

  /** `length` bytes when they are here in one piece, without waiting; else undefined. */
  take(length: number): Buffer | undefined {
    const end = this.#at + length;
    if (end > this.#chunk.length) return undefined;
    const piece = this.#chunk.subarray(this.#at, end);
    this.#at = end;
    this.#offset += length;
    return piece;
  }

  /** Exactly `length` bytes, or fewer when the stream ends. */
  async read(length: number): Promise<Buffer> {
    const ready = this.take(length);
    if (ready !== undefined) return ready;
    // Copied piece by piece, so a source may reuse its chunks.
    const whole = Buffer.allocUnsafe(length);
    let used = 0;
    while (used < length) {
      const piece = await this.some(length - used);
      if (piece === undefined) break;
      whole.set(piece, used);
      used += piece.length;
    }
    return whole.subarray(0, used);
  }

  /** The next piece of at most `length` bytes, never empty; undefined at the end. */
  async some(length: number): Promise<Buffer | undefined> {
    while (this.#at === this.#chunk.length) {
      const next = await this.#source.next();
      if (next.done === true) return undefined;
      const { buffer, byteOffset, byteLength } = next.value;
      this.#chunk = Buffer.from(buffer, byteOffset, byteLength);
      this.#at = 0;
    }
    return this.take(Math.min(length, this.#chunk.length - this.#at));
  }

  /** Passes over `length` bytes that are here, without waiting; else does nothing and returns false. */
  skipNow(length: number): boolean {
    if (this.#at + length > this.#chunk.length) return false;
    this.#at += length;
    this.#offset += length;
    return true;
  }

  /** Passes over `length` bytes; false when the stream ended before. */
  async skip(length: number): Promise<boolean> {
    let left = length;
    while (left > 0) {
      const piece = await this.some(left);
      if (piece === undefined) return false;
      left -= piece.length;
    }
    return true;
  }

  /** Reads to the end of the stream. */
  async drain(): Promise<void> {
    while ((await this.some(Number.MAX_SAFE_INTEGER)) !== undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source.return?.();
  }
}
