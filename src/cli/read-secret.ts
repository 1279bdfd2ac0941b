/** All of a stream as text, for secrets that come by stdin. */
import type { Readable } from 'node:stream';

/** Without the line's end. @throws what the signal was aborted with */
export async function readSecret(stream: Readable, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    signal.throwIfAborted();
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
