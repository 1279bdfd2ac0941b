/** The main module of a copying thread (copy-threads.ts): a job comes, its outcome goes. */
import { parentPort } from 'node:worker_threads';
import { type Copied, type CopyFailure, type CopyJob, copyParts } from './copy-parts.ts';

/** What comes. */
export interface ThreadJob extends CopyJob {
  /** One number in shared memory: not zero asks to stop. A message would not be heard before the end. */
  readonly stop: Int32Array;
}

/** What goes: progress now and then, the outcome once. */
export type ThreadReport = { readonly bytes: number } | Copied | CopyFailure;

const REPORT_BYTES = 4 * 1024 * 1024;

parentPort?.on('message', ({ stop, ...job }: ThreadJob) => {
  let reported = 0;
  const outcome = copyParts(job, {
    goOn: (bytes) => {
      if (bytes - reported >= REPORT_BYTES) {
        reported = bytes;
        parentPort?.postMessage({ bytes } satisfies ThreadReport);
      }
      return Atomics.load(stop, 0) === 0;
    },
  });
  parentPort?.postMessage(outcome satisfies ThreadReport);
});
