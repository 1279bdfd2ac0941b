/**
 * Threads that copy and hash large blobs, as many as there are processors: hashing is what moving
 * images costs, and one thread does a few hundred megabytes of it a second. Made when the first large
 * blob comes, kept for the next; an idle thread keeps no process from ending.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { SlipwayError } from '#core/errors.ts';
import type { Copied, CopyFailure, CopyJob } from './copy-parts.ts';
import type { ThreadJob, ThreadReport } from './copy-thread.ts';

const THREADS_MAX = Math.min(availableParallelism(), 4);

export interface CopyOptions {
  readonly onProgress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

const idle: Worker[] = [];
const waiting: (() => void)[] = [];
let started = 0;

/**
 * Does the job as soon as a thread is free. What the system refuses is an answer, not an error, for
 * the caller knows the names. @throws what the signal was aborted with
 */
export async function copyInThread(
  job: CopyJob,
  { onProgress, signal }: CopyOptions = {},
): Promise<Copied | CopyFailure> {
  signal?.throwIfAborted();
  const thread = await freeThread();
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const abort = (): void => void Atomics.store(stop, 0, 1);
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  try {
    const outcome = await runIn(thread, { ...job, stop }, onProgress);
    signal?.throwIfAborted();
    return outcome;
  } finally {
    signal?.removeEventListener('abort', abort);
    giveBack(thread);
  }
}

async function runIn(
  thread: Worker,
  job: ThreadJob,
  onProgress: CopyOptions['onProgress'],
): Promise<Copied | CopyFailure> {
  const { promise, resolve, reject } = Promise.withResolvers<Copied | CopyFailure>();
  const onMessage = (report: ThreadReport): void => {
    if ('bytes' in report) onProgress?.(report.bytes);
    else resolve(report);
  };
  const onExit = (code: number): void => reject(threadDied(code));
  thread.on('message', onMessage).on('error', reject).on('exit', onExit);
  thread.ref();
  thread.postMessage(job);
  try {
    return await promise;
  } finally {
    thread.unref();
    thread.off('message', onMessage).off('error', reject).off('exit', onExit);
  }
}

async function freeThread(): Promise<Worker> {
  while (idle.length === 0 && started >= THREADS_MAX) {
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
  return idle.pop() ?? startThread();
}

function startThread(): Worker {
  started += 1;
  const thread = new Worker(new URL('./copy-thread.ts', import.meta.url));
  // One that ends while idle is not given out again.
  thread.on('exit', () => {
    started -= 1;
    const index = idle.indexOf(thread);
    if (index >= 0) idle.splice(index, 1);
  });
  return thread;
}

function giveBack(thread: Worker): void {
  const isAlive = thread.threadId >= 0;
  if (isAlive) idle.push(thread);
  waiting.shift()?.();
}

function threadDied(code: number): SlipwayError {
  return new SlipwayError('INTERNAL', `a copying thread ended with code ${code}`);
}
