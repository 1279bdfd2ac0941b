/**
 * What a step takes of files, a line for each, for whoever asks later why it missed. A step that is found
 * in the cache is never asked: what costs a walk is put off until then.
 */
export class FileFacts {
  readonly #lines = new Map<string, string>();
  readonly #later: ((add: FileFacts['add']) => void)[] = [];

  readonly add = (path: string, fact: string): void => {
    this.#lines.set(path, fact);
  };

  /** `work` adds its lines when somebody asks for all of them. */
  later(work: (add: FileFacts['add']) => void): void {
    this.#later.push(work);
  }

  /** By path. */
  all(): ReadonlyMap<string, string> {
    for (const work of this.#later.splice(0)) work(this.add);
    return this.#lines;
  }
}
