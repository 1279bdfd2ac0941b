/**
 * Questions on a terminal, one without showing what is typed: then the terminal gives us every key
 * as it is, those that edit and end a line too.
 */
import { SlipwayError } from '#core/errors.ts';
import type { Host } from './host.ts';

/** docker's refusal where nobody can be asked. @throws USAGE */
export function needTerminal({ stdin }: Host): void {
  if (stdin.isTTY === true) return;
  throw new SlipwayError(
    'USAGE',
    'Error: Cannot perform an interactive login from a non TTY device',
    {
      hint: 'give --username, and the password on standard input with --password-stdin',
    },
  );
}

/** A line, without blanks around it. @throws CANCELLED at the end of input */
export async function ask(host: Host, question: string): Promise<string> {
  host.stdout.write(question);
  return (await readLine(host)).trim();
}

/** A line that is not echoed. @throws CANCELLED, also for Ctrl-C */
export async function askSecret(host: Host, question: string): Promise<string> {
  host.stdout.write(question);
  setRaw(host, true);
  try {
    return await readLine(host);
  } finally {
    setRaw(host, false);
    host.stdout.write('\n');
  }
}

/** All of standard input, without the newline at its end. */
export async function readPassword({ stdin }: Host): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

function setRaw({ stdin }: Host, isRaw: boolean): void {
  if ('setRawMode' in stdin && typeof stdin.setRawMode === 'function') stdin.setRawMode(isRaw);
}

/** What comes behind the line is left for who reads next. */
async function readLine({ stdin, interrupts }: Host): Promise<string> {
  const line = new TypedLine();
  for (;;) {
    const chunk: Buffer | string | null = stdin.read();
    if (chunk === null) {
      if (stdin.readableEnded || stdin.destroyed) throw ended();
      await readable(stdin, interrupts.signal);
      continue;
    }
    const bytes = Buffer.from(chunk);
    for (const [at, byte] of bytes.entries()) {
      if (!line.take(byte)) continue;
      const rest = bytes.subarray(at + 1);
      if (rest.length > 0) stdin.unshift(rest);
      return line.text();
    }
  }
}

function readable(stdin: Host['stdin'], signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = (): void => reject(ended());
  const names = ['readable', 'end', 'close'] as const;
  for (const name of names) stdin.on(name, resolve);
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  return promise.finally(() => {
    for (const name of names) stdin.off(name, resolve);
    signal.removeEventListener('abort', stop);
    stdin.pause();
  });
}

/** The keys of a terminal that edits nothing itself. */
class TypedLine {
  #bytes: number[] = [];

  /** True when the line is done. @throws CANCELLED */
  take(byte: number): boolean {
    switch (byte) {
      case 0x0a:
      case 0x0d:
        return true;
      case 0x03:
        throw ended();
      case 0x04:
        if (this.#bytes.length === 0) throw ended();
        return true;
      case 0x08:
      case 0x7f:
        this.#dropCharacter();
        return false;
      case 0x15:
        this.#bytes = [];
        return false;
      default:
        this.#bytes.push(byte);
        return false;
    }
  }

  text(): string {
    return Buffer.from(this.#bytes).toString('utf8');
  }

  /** All bytes of it, in UTF-8. */
  #dropCharacter(): void {
    while (((this.#bytes.pop() ?? 0) & 0xc0) === 0x80);
  }
}

function ended(): SlipwayError {
  return new SlipwayError('CANCELLED', 'context canceled');
}
