/**
 * Cuts the output of a process into lines: chunks end anywhere, also within a character, and the
 * two streams are cut apart from each other.
 */

type Stream = 'stdout' | 'stderr';

export class OutputLines {
  /** Output not yet ended by a newline, by stream. */
  readonly #open = new Map<Stream, { readonly decoder: TextDecoder; text: string }>();

  /** The lines that these bytes complete. */
  push(stream: Stream, bytes: Uint8Array): readonly string[] {
    const open = this.#open.get(stream) ?? { decoder: new TextDecoder(), text: '' };
    this.#open.set(stream, open);
    const lines = (open.text + open.decoder.decode(bytes, { stream: true })).split('\n');
    open.text = lines.pop() ?? '';
    return lines;
  }

  /** What is left of each stream when the process has ended. */
  end(): readonly string[] {
    const rest = [...this.#open.values()].map(({ decoder, text }) => text + decoder.decode());
    this.#open.clear();
    return rest.filter((text) => text !== '');
  }
}
