/**
 * A file that is read again when it changed, so that a change needs no restart. What cannot be read or
 * parsed leaves the last good content in force, and is told once.
 */
import { statSync } from 'node:fs';
import { readNamedFile } from './read-file.ts';

export interface WatchedFileOptions<T> {
  readonly path: string;
  /** @throws what is wrong with the text, in words for the log */
  readonly parse: (text: string) => T;
  /** What is wrong with a change that was not taken. */
  readonly onError: (error: unknown) => void;
  readonly nowMs?: () => number;
}

/** How long a look at the file is good for. */
const LOOK_AGAIN_MS = 1000;

export class WatchedFile<T> {
  readonly #options: WatchedFileOptions<T>;
  #value: T;
  #stamp: string;
  #lookedAtMs: number;
  #version = 0;

  /** Reads it. @throws FILE_MISSING, and what `parse` throws */
  constructor(options: WatchedFileOptions<T>) {
    this.#options = options;
    const text = readNamedFile(options.path).toString('utf8');
    this.#stamp = stampOf(options.path);
    this.#value = options.parse(text);
    this.#lookedAtMs = this.#now();
  }

  /** The content, not older than a second. */
  get value(): T {
    this.#refresh();
    return this.#value;
  }

  /** Changes whenever the content does. */
  get version(): number {
    this.#refresh();
    return this.#version;
  }

  #refresh(): void {
    const { path, parse, onError } = this.#options;
    const now = this.#now();
    if (now - this.#lookedAtMs < LOOK_AGAIN_MS) return;
    this.#lookedAtMs = now;
    try {
      const stamp = stampOf(path);
      if (stamp === this.#stamp) return;
      this.#stamp = stamp;
      this.#value = parse(readNamedFile(path).toString('utf8'));
      this.#version += 1;
    } catch (error) {
      onError(error);
    }
  }

  #now(): number {
    return (this.#options.nowMs ?? Date.now)();
  }
}

/** Renamed over, written in place, or touched: each makes another. */
function stampOf(path: string): string {
  const { ino, size, mtimeMs } = statSync(path);
  return `${ino}:${size}:${mtimeMs}`;
}
