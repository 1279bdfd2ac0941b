/** What the server does by itself now and then: each task in its own rhythm, one run at a time. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface UpkeepTask {
  readonly name: string;
  readonly intervalMs: number;
  /** A line for the log, when there is something to tell. Aborting ends it soon, and is no failure. */
  run(signal: AbortSignal): Promise<string | undefined>;
}

/** A server that is started every day must come to it, too; but not while it starts. */
const FIRST_AFTER_MS = 60_000;

/** Disposing stops what runs and waits for it. */
export class Upkeep implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #running: readonly Promise<void>[];

  constructor(tasks: readonly UpkeepTask[], log: (line: string) => void = () => {}) {
    this.#running = tasks.map((task) => this.#repeat(task, log));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  async #repeat(task: UpkeepTask, log: (line: string) => void): Promise<void> {
    const { signal } = this.#stop;
    let waitMs = Math.min(task.intervalMs, FIRST_AFTER_MS);
    while (await waited(waitMs, signal)) {
      waitMs = task.intervalMs;
      try {
        const line = await task.run(signal);
        if (line !== undefined) log(`${task.name}: ${line}`);
      } catch (error) {
        if (signal.aborted) return;
        log(
          `error: ${task.name}: ${error instanceof Error ? (error.stack ?? error.message) : error}`,
        );
      }
    }
  }
}

/** setTimeout counts in 31 bits. */
const WAIT_MAX_MS = 2 ** 31 - 1;

/** False: it was stopped. */
async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    for (let left = ms; left > 0; left -= WAIT_MAX_MS) {
      await sleep(Math.min(left, WAIT_MAX_MS), undefined, { signal, ref: false });
    }
    return !signal.aborted;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
