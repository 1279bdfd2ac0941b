/**
 * What a step takes of files, a line for each, for whoever asks later why it missed. A step that is found
 * in the cache is never asked: what costs a look at each file is put off until then, and gives way to
 * what else there is to do.
 */
type Line = readonly [path: string, fact: string];

/** So many are a few milliseconds. */
const LINES_AT_ONCE = 1000;

export class FileFacts {
  readonly #lines = new Map<string, string>();
  readonly #later: (() => Iterable<Line>)[] = [];

  add(path: string, fact: string): void {
    this.#lines.set(path, fact);
  }

  /** Lines that are made when somebody asks for all of them. */
  later(lines: () => Iterable<Line>): void {
    this.#later.push(lines);
  }

  /** By path. */
  async all(): Promise<ReadonlyMap<string, string>> {
    let count = 0;
    for (const lines of this.#later.splice(0)) {
      for (const [path, fact] of lines()) {
        this.add(path, fact);
        count += 1;
        if (count % LINES_AT_ONCE === 0) await new Promise(setImmediate);
      }
    }
    return this.#lines;
  }
}
