/** Line numbers of many places in one file: its line starts are found once, then searched. */
import type { SourceFile } from '#core/source.ts';

const cache = new WeakMap<SourceFile, readonly number[]>();

/** One-based; as `positionAt` says, but fit for thousands of findings. */
export function lineAt(file: SourceFile, offset: number): number {
  let starts = cache.get(file);
  if (starts === undefined) {
    starts = [0, ...Array.from(file.text.matchAll(/\n/g), ({ index }) => index + 1)];
    cache.set(file, starts);
  }
  let low = 0;
  for (let high = starts.length - 1; low < high; ) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}
