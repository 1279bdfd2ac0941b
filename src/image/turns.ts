/** Long synchronous work that lets others have their turn, Ctrl-C among them. */
import { setImmediate as nextTurn } from 'node:timers/promises';

const TURN_MS = 50;

/** To be awaited between two pieces of work; gives way when the last time was a while ago. */
export function turns(signal?: AbortSignal): () => Promise<void> {
  let begun = performance.now();
  return async () => {
    if (performance.now() - begun < TURN_MS) return;
    await nextTurn();
    signal?.throwIfAborted();
    begun = performance.now();
  };
}
