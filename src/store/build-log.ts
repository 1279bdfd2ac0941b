/**
 * The log of one build on disk: lines, appended as they come, never cut short. Those of one turn of the
 * event loop are written at once, so that a killed build leaves all that was known of it.
 */
import { closeSync, createReadStream, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '#core/errors.ts';
import { onDiskSync } from './disk-errors.ts';

/** No more is gathered. */
const GATHER_BYTES = 64 * 1024;

export class BuildLogFile implements Disposable {
  readonly #path: string;
  readonly #onFailure: (error: unknown) => void;
  #file: number | undefined;
  #lines: string[] = [];
  #gathered = 0;
  #turn: NodeJS.Immediate | undefined;
  #hasFailed = false;
  #bytes = 0;

  /** Nothing is made before the first line. `onFailure`: called once, when the disk takes no more. */
  constructor(path: string, onFailure: (error: unknown) => void) {
    this.#path = path;
    this.#onFailure = onFailure;
  }

  /** What has been written. */
  get bytes(): number {
    return this.#bytes;
  }

  add(line: string): void {
    if (this.#hasFailed) return;
    this.#lines.push(line);
    this.#gathered += line.length;
    if (this.#gathered >= GATHER_BYTES) this.flush();
    else this.#turn ??= setImmediate(() => this.flush());
  }

  /** Hands everything to the operating system. */
  flush(): void {
    clearImmediate(this.#turn);
    this.#turn = undefined;
    if (this.#lines.length === 0 || this.#hasFailed) return;
    const bytes = Buffer.from(`${this.#lines.join('\n')}\n`);
    this.#lines = [];
    this.#gathered = 0;
    try {
      onDiskSync(this.#path, () => this.#write(bytes));
    } catch (error) {
      this.#hasFailed = true;
      this.#onFailure(error);
    }
  }

  [Symbol.dispose](): void {
    this.flush();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #write(bytes: Uint8Array): void {
    this.#file ??= this.#open();
    let written = 0;
    while (written < bytes.length) written += writeSync(this.#file, bytes, written);
    this.#bytes += written;
  }

  #open(): number {
    try {
      return openSync(this.#path, 'ax', 0o600);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      mkdirSync(dirname(this.#path), { recursive: true });
      return openSync(this.#path, 'ax', 0o600);
    }
  }
}

/** The lines of a log, the one that a killed build did not end included; none where there is no file. */
export async function* logLines(path: string): AsyncGenerator<string> {
  let open = '';
  try {
    // Not node:readline, to which U+2028 ends a line, too.
    for await (const chunk of createReadStream(path, {
      encoding: 'utf8',
      highWaterMark: 1 << 18,
    })) {
      const lines = `${open}${chunk}`.split('\n');
      open = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  if (open !== '') yield open;
}
