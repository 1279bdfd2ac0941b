/** Takes secrets out of a stream of output before anybody sees or keeps it, also where a chunk ends within one. */

const MASK = Buffer.from('***');

export class Masker {
  /** The longest first: of two that begin alike, the longer one is meant where it stands. */
  readonly #forms: readonly Buffer[];
  readonly #firstBytes: ReadonlySet<number>;
  /** What may be the beginning of a secret. */
  #held: Buffer = Buffer.alloc(0);

  constructor(forms: readonly Buffer[]) {
    this.#forms = [...forms].sort((a, b) => b.byteLength - a.byteLength);
    this.#firstBytes = new Set(forms.flatMap((form) => form[0] ?? []));
  }

  /** What may be shown now. */
  add(bytes: Uint8Array): Buffer {
    if (this.#forms.length === 0) return Buffer.from(bytes);
    return this.#scan(Buffer.concat([this.#held, bytes]), { isEnd: false });
  }

  /** The rest, at the end of the output. */
  end(): Buffer {
    return this.#scan(this.#held, { isEnd: true });
  }

  /** From left to right; stops at what could still become a longer secret, and keeps it. */
  #scan(bytes: Buffer, { isEnd }: { readonly isEnd: boolean }): Buffer {
    const pieces: Buffer[] = [];
    let shown = 0;
    let at = 0;
    while (at < bytes.byteLength) {
      if (!this.#firstBytes.has(bytes[at] ?? -1)) {
        at += 1;
        continue;
      }
      const rest = bytes.subarray(at);
      const found = this.#forms.find((form) => startsWith(rest, form));
      const mayGrow = this.#forms.some(
        (form) => form.byteLength > rest.byteLength && startsWith(form, rest),
      );
      if (mayGrow && !isEnd) break;
      if (!found) {
        at += 1;
        continue;
      }
      pieces.push(bytes.subarray(shown, at), MASK);
      at += found.byteLength;
      shown = at;
    }
    this.#held = Buffer.from(bytes.subarray(at));
    return Buffer.concat([...pieces, bytes.subarray(shown, at)]);
  }
}

function startsWith(bytes: Buffer, beginning: Buffer): boolean {
  return (
    bytes.byteLength >= beginning.byteLength &&
    bytes.subarray(0, beginning.byteLength).equals(beginning)
  );
}
