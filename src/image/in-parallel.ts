/** Work on several things at once that succeeds or fails as one. */

export interface Call {
  readonly signal: AbortSignal;
}

/** The first failure stops the others, and is the one that is thrown. */
export async function inParallel<In, Out>(
  items: readonly In[],
  { signal }: { readonly signal?: AbortSignal | undefined },
  work: (item: In, call: Call) => Promise<Out>,
): Promise<readonly Out[]> {
  const stop = new AbortController();
  const call = { signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal };
  const running = items.map((item) => work(item, call));
  try {
    return await Promise.all(running);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(running);
    throw error;
  }
}
