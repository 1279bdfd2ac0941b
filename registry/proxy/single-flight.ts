/**
 * What many want at once is done once. The work belongs to nobody: whoever waits may leave, and it goes
 * on for the others and for the next one to come.
 */
export class SingleFlight<T> {
  readonly #flying = new Map<string, Promise<T>>();

  /** `work` is not begun where some under this key has not ended yet. */
  run(key: string, work: () => Promise<T>): Promise<T> {
    return this.#flying.get(key) ?? this.#begin(key, work);
  }

  #begin(key: string, work: () => Promise<T>): Promise<T> {
    const begun = work().finally(() => this.#flying.delete(key));
    this.#flying.set(key, begun);
    return begun;
  }
}

/** The outcome, unless the signal comes first. @throws the signal's reason */
export async function unlessAborted<T>(outcome: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return await outcome;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([outcome, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
    // Its failure is told to those who still wait.
    outcome.catch(() => {});
  }
}
