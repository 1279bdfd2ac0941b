/** Takes secrets out of a stream of output before anybody sees or keeps it, also where a chunk ends within one. */

const MASK = Buffer.from('***');

export class Masker {
  readonly #forms: readonly Buffer[];
  /** What may be the beginning of a secret. */
  #held: Buffer = Buffer.alloc(0);

  /** `forms`: the longest first. */
  constructor(forms: readonly Buffer[]) {
    this.#forms = forms;
  }

  /** What may be shown now. */
  add(bytes: Uint8Array): Buffer {
    if (this.#forms.length === 0) return Buffer.from(bytes);
    const all = this.#masked(Buffer.concat([this.#held, bytes]));
    const keep = this.#beginning(all);
    this.#held = Buffer.from(all.subarray(all.byteLength - keep));
    return all.subarray(0, all.byteLength - keep);
  }

  /** The rest, at the end of the output. */
  end(): Buffer {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    return rest;
  }

  #masked(bytes: Buffer): Buffer {
    let masked = bytes;
    for (const form of this.#forms) masked = replaceAll(masked, form);
    return masked;
  }

  /** How many bytes at the end could go on to be a secret. */
  #beginning(bytes: Buffer): number {
    const longest = Math.min(bytes.byteLength, (this.#forms[0]?.byteLength ?? 1) - 1);
    for (let length = longest; length > 0; length--) {
      const end = bytes.subarray(bytes.byteLength - length);
      if (
        this.#forms.some((form) => form.byteLength > length && end.equals(form.subarray(0, length)))
      )
        return length;
    }
    return 0;
  }
}

function replaceAll(bytes: Buffer, form: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(form); at >= 0; at = bytes.indexOf(form, from)) {
    pieces.push(bytes.subarray(from, at), MASK);
    from = at + form.byteLength;
  }
  return pieces.length === 0 ? bytes : Buffer.concat([...pieces, bytes.subarray(from)]);
}
