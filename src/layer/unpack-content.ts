/** Writing and removing files for unpack-target.ts: content, holes, whole directories. */
import { readdirSync, rmdirSync, unlinkSync, writeSync } from 'node:fs';
import type { SparseSegment } from '#archive/entry.ts';
import { onPath } from './folder-errors.ts';

/** With all that is in it; symlinks are removed, not followed. */
export function removeDirectory(directory: Buffer): void {
  for (const found of readdirSync(directory, { encoding: 'buffer', withFileTypes: true })) {
    const file = Buffer.concat([directory, Buffer.from('/'), found.name]);
    if (found.isDirectory()) removeDirectory(file);
    else unlinkSync(file);
  }
  rmdirSync(directory);
}

/** `position` null: where the file stands. */
export function writeAll(fd: number, chunk: Uint8Array, position: number | null): void {
  for (let at = 0; at < chunk.length; ) {
    const where = position === null ? null : position + at;
    at += writeSync(fd, chunk, at, chunk.length - at, where);
  }
}

/** The stored bytes are those of the segments, one after the other; the rest stays a hole. */
export async function writeSegments(
  fd: number,
  stored: AsyncIterable<Uint8Array>,
  to: { readonly segments: readonly SparseSegment[]; readonly path: string },
): Promise<void> {
  let index = 0;
  let done = 0;
  for await (let chunk of stored) {
    while (chunk.length > 0) {
      const segment = to.segments[index];
      if (segment === undefined) return;
      const part = chunk.subarray(0, segment.length - done);
      const position = segment.offset + done;
      onPath(to.path, () => writeAll(fd, part, position));
      chunk = chunk.subarray(part.length);
      done += part.length;
      if (done === segment.length) {
        index++;
        done = 0;
      }
    }
  }
}
