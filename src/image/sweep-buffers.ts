/**
 * What flows through a process leaves its buffers to the garbage collector. That comes when V8's own
 * heap has grown, which a transfer hardly makes it: tens of megabytes of dead buffers lie about, and
 * when they have become too many the whole heap is gone through for them, again and again. Asking for
 * a collection of the young now and then costs half a millisecond each time and saves both.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const EVERY_MS = 20;
/** Fewer new bytes in buffers are not worth it. */
const SWEEP_BYTES = 1024 * 1024;

type Collect = (options: { readonly type: 'minor' }) => void;

let collect: Collect | undefined;
let users = 0;
let timer: NodeJS.Timeout | undefined;
/** Bytes in buffers after the last collection, or fewer. */
let lowest = 0;

/** From now until it is disposed; many may ask for it at once. */
export function sweepingBuffers(): Disposable {
  users += 1;
  if (timer === undefined) {
    lowest = bufferBytes();
    timer = setInterval(sweep, EVERY_MS).unref();
  }
  return {
    [Symbol.dispose]: () => {
      users -= 1;
      if (users > 0) return;
      clearInterval(timer);
      timer = undefined;
    },
  };
}

function sweep(): void {
  const held = bufferBytes();
  lowest = Math.min(lowest, held);
  if (held - lowest < SWEEP_BYTES) return;
  collect ??= youngCollector();
  collect({ type: 'minor' });
  lowest = bufferBytes();
}

function bufferBytes(): number {
  return getHeapStatistics().external_memory;
}

/** V8 gives it to contexts that are made while the flag is set. */
function youngCollector(): Collect {
  setFlagsFromString('--expose-gc');
  try {
    return runInNewContext('globalThis.gc') ?? (() => {});
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
