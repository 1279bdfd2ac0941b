/** Whether the disk below the store has room for what is pushed. */
import { statfs } from 'node:fs/promises';

export interface Headroom {
  readonly freeBytes: number;
  readonly isEnough: boolean;
}

/** How long an answer is good for. */
const LOOK_AGAIN_MS = 1000;

export class DiskHeadroom {
  readonly #path: string;
  readonly #neededBytes: number;
  #found: Promise<Headroom> | undefined;
  #foundAtMs = 0;

  constructor(path: string, neededBytes: number) {
    this.#path = path;
    this.#neededBytes = neededBytes;
  }

  now(): Promise<Headroom> {
    if (!this.#found || Date.now() - this.#foundAtMs > LOOK_AGAIN_MS) {
      this.#foundAtMs = Date.now();
      this.#found = this.#look();
    }
    return this.#found;
  }

  async #look(): Promise<Headroom> {
    const { bavail, bsize } = await statfs(this.#path);
    const freeBytes = bavail * bsize;
    return { freeBytes, isEnough: freeBytes >= this.#neededBytes };
  }
}
