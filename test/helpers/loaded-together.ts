/** What is loaded with a file, in the end: packages and modules of Node, each with the way to it. */
import { posix } from 'node:path';
import { type SourceText, staticImportsOf } from './source-text.ts';

/** `undici` → `src/a.ts > src/b.ts`: the first way found from one of the roots. */
export function loadedWith(
  files: readonly SourceText[],
  roots: readonly string[],
): ReadonlyMap<string, string> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const ways = new Map(roots.map((root) => [root, root]));
  const outside = new Map<string, string>();
  for (const [path, way] of ways) {
    const file = byPath.get(path);
    if (!file) throw new Error(`${path} is no file of ours`);
    for (const specifier of staticImportsOf(file)) {
      const target = targetOf(path, specifier);
      if (target === undefined) outside.set(specifier, outside.get(specifier) ?? way);
      else if (!ways.has(target)) ways.set(target, `${way} > ${target}`);
    }
  }
  return outside;
}

/** The file of ours that is meant, if it is one. */
function targetOf(path: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(path), specifier);
  if (specifier.startsWith('#registry/')) return specifier.slice(1);
  return specifier.startsWith('#') ? `src/${specifier.slice(1)}` : undefined;
}
