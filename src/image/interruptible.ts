/** A stream that may never say anything again, such as stdin, ended by a signal. */

/** The chunks of `source`; throws the signal's reason even while it waits for one. */
export async function* interruptible(
  source: AsyncIterable<Uint8Array | string>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let stop: (reason: unknown) => void = () => {};
  const abort = (): void => stop(signal?.reason);
  signal?.addEventListener('abort', abort);
  const chunks = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      signal?.throwIfAborted();
      // Not a race with one promise for all chunks: that would remember each of them.
      const next = await new Promise<IteratorResult<Uint8Array | string>>((resolve, reject) => {
        stop = reject;
        chunks.next().then(resolve, reject);
      });
      if (next.done === true) return;
      yield typeof next.value === 'string' ? Buffer.from(next.value) : next.value;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    // A source that stands still would not come back from this.
    const closed = chunks.return?.().catch(() => {});
    if (!signal?.aborted) await closed;
  }
}
