/**
 * Tag and digest of an image as a Dockerfile names it, variables and all: enough to tell what is
 * pinned. Real references are read by the core, after expansion.
 */

export interface ImageWord {
  /** Everything in front of tag and digest. */
  readonly name: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** `host:5000/debian:12@sha256:…`; colons within `${…}` separate nothing. */
export function readImage(text: string): ImageWord {
  const plain = text.replace(/\$\{[^}]{0,1000}\}/g, (variable) => '$'.padEnd(variable.length, '_'));
  const at = plain.indexOf('@');
  const end = at < 0 ? text.length : at;
  const colon = plain.lastIndexOf(':', end);
  const hasTag = colon > plain.lastIndexOf('/', end);
  return {
    name: text.slice(0, hasTag ? colon : end),
    ...(hasTag && { tag: text.slice(colon + 1, end) }),
    ...(at >= 0 && { digest: text.slice(at + 1) }),
  };
}

/** Quotes around a word taken off, as they stand in the file. */
export function withoutQuotes(text: string): string {
  return text.replace(/^["']+|["']+$/g, '');
}

/** `/srv`, `C:\srv`, or something that a variable decides. */
export function mayBeAbsolute(path: string): boolean {
  return /^(?:[/$\\]|[A-Za-z]:)/.test(withoutQuotes(path));
}
