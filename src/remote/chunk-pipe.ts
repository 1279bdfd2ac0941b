/**
 * A hand-over of chunks from a writer to a request body, one at a time: `write` settles when the
 * body asks for the next chunk, so memory stays flat and the writer feels the network's pace. Chunks
 * are copied: streams and sockets below keep them longer than the writer may have to.
 */

type State = 'open' | 'ended' | 'failed' | 'closed';

export class ChunkPipe {
  #state: State = 'open';
  #error: unknown;
  #chunk: Uint8Array | undefined;
  #isTaken = false;
  #wake: () => void = () => {};
  #release: () => void = () => {};

  /** Settles when the chunk was consumed. One write at a time. Rejects with what `fail` was given. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#check();
    if (chunk.byteLength === 0) return;
    this.#chunk = Buffer.from(chunk);
    this.#isTaken = false;
    this.#wake();
    while (this.#chunk !== undefined && this.#state === 'open') {
      await new Promise<void>((resolve) => {
        this.#release = resolve;
      });
    }
    this.#check();
  }

  /** No more chunks. */
  end(): void {
    if (this.#state === 'open') this.#state = 'ended';
    this.#wake();
  }

  /** Makes the writer and the reader fail. */
  fail(error: unknown): void {
    if (this.#state === 'failed') return;
    this.#state = 'failed';
    this.#error = error;
    this.#wake();
    this.#release();
  }

  /** The body: to be read once. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        this.#settleTaken();
        if (this.#state === 'failed') throw this.#error;
        if (this.#chunk !== undefined) {
          this.#isTaken = true;
          yield this.#chunk;
        } else if (this.#state === 'ended') {
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      if (this.#state === 'open') this.#state = 'closed';
      this.#release();
    }
  }

  #settleTaken(): void {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    this.#chunk = undefined;
    this.#release();
  }

  /** `closed`: the request went away by itself; its own error comes with its promise. */
  #check(): void {
    if (this.#state === 'failed') throw this.#error;
  }

  /** True when the reader is gone and what is written goes nowhere. */
  get isClosed(): boolean {
    return this.#state === 'closed' || this.#state === 'failed';
  }
}
