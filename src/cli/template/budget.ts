/**
 * What filling in a template may cost at most: nothing runs, grows or nests without end, though
 * templates have loops and call each other.
 */
import { parseError } from './errors.ts';
import { isList, type Value } from './values.ts';

const STEPS_MAX = 1_000_000;
const OUTPUT_MAX = 64 * 1024 * 1024;
const MADE_MAX = 64 * 1024 * 1024;
/** Bodies within bodies, those of called templates too: our own stack ends somewhere. */
const DEPTH_MAX = 1000;

/** Every method counts. `at` is the place in the source that is to blame. @throws TEMPLATE_INVALID */
export class Budget {
  readonly #source: string;
  #steps = 0;
  #output = 0;
  #made = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  step(at: number): void {
    if (++this.#steps > STEPS_MAX) throw this.#over(`${STEPS_MAX} steps`, at);
  }

  put(text: string, at: number): void {
    this.#output += text.length;
    if (this.#output > OUTPUT_MAX) throw this.#over(`${OUTPUT_MAX} characters of output`, at);
  }

  /** What a function made, put out or not. */
  made(value: Value, at: number): void {
    if (typeof value === 'string' || isList(value)) this.#made += value.length;
    if (this.#made > MADE_MAX) throw this.#over(`${MADE_MAX} characters made by functions`, at);
  }

  /** Into a body; to be left again. */
  enter(at: number): void {
    if (++this.#depth > DEPTH_MAX) throw this.#over(`${DEPTH_MAX} bodies within bodies`, at);
  }

  leave(): void {
    this.#depth--;
  }

  #over(limit: string, at: number) {
    return parseError({ source: this.#source, at }, `more than ${limit}`);
  }
}
