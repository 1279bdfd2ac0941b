/** A stream that may never say anything again, such as stdin, ended by a signal. */

/** The chunks of `source`; throws the signal's reason even while it waits for one. */
export async function* interruptible(
  source: AsyncIterable<Uint8Array | string>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const aborted = Promise.withResolvers<never>();
  // Nobody may be waiting when it fires.
  aborted.promise.catch(() => {});
  const abort = (): void => aborted.reject(signal?.reason);
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  const chunks = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([chunks.next(), aborted.promise]);
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
