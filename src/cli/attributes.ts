/** Flags that are `key=value,key=value`, CSV as Go reads it: each field is taken by who knows it. */
import { SlipwayError } from '#core/errors.ts';
import { splitMountFields } from '#dockerfile/mount-fields.ts';

export class Attributes {
  readonly #values: Map<string, string>;

  private constructor(values: Map<string, string>) {
    this.#values = values;
  }

  /** `what`: an output, for errors. @throws USAGE */
  static of(text: string, what: string): Attributes {
    const fields = splitMountFields(text);
    if ('error' in fields) {
      throw usage(`invalid ${what} "${text}": ${fields.error}`, 'write key=value,key=value');
    }
    const values = new Map<string, string>();
    for (const { whole, key, value } of fields) {
      if (!value) throw usage(`invalid value ${whole.text}`, 'write key=value,key=value');
      values.set(key.text, value.text);
    }
    return new Attributes(values);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  /** The names that are left. */
  names(): readonly string[] {
    return [...this.#values.keys()];
  }

  take(key: string): string | undefined {
    const value = this.#values.get(key);
    this.#values.delete(key);
    return value;
  }

  /** In the spellings of Go's strconv.ParseBool. @throws USAGE */
  takeBoolean(key: string, otherwise: boolean): boolean {
    const value = this.take(key);
    if (value === undefined) return otherwise;
    if (/^(?:1|t|true)$/i.test(value)) return true;
    if (/^(?:0|f|false)$/i.test(value)) return false;
    throw usage(`invalid value "${value}" for ${key}`, 'write true or false');
  }

  /** After all that is known was taken. @throws USAGE */
  refuseRest(what: string): void {
    const [key] = this.#values.keys();
    if (key !== undefined) throw usage(`unknown attribute "${key}" of ${what}`, 'leave it out');
  }
}

function usage(message: string, hint: string): SlipwayError {
  return new SlipwayError('USAGE', message, { hint });
}
