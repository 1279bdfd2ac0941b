/** EXPOSE: each word expanded and split, then read as ports. */
import type { Directives, ExposeInstruction } from '#dockerfile/ast.ts';
import { parseExpose } from '#dockerfile/expose.ts';
import { expandWords } from '#dockerfile/words.ts';

/** `80/tcp` and so on; a range gives each port; sorted as text, as docker does. @throws DOCKERFILE_INVALID */
export function exposedPorts(
  { ports }: ExposeInstruction,
  options: { readonly env: ReadonlyMap<string, string>; readonly escape: Directives['escape'] },
): readonly string[] {
  return ports
    .flatMap(({ text }) => expandWords(text, options))
    .flatMap(parseExpose)
    .sort();
}
