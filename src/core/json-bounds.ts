/**
 * What JSON of others may make of its bytes. Parsing takes some 40 bytes for each open bracket and as
 * many for each object: 64 MiB of nothing but brackets would be gigabytes. Looked at before parsing.
 */

/** Far beyond what any document here nests. */
const DEPTH_MAX = 1000;
/** Objects and arrays. A list of a million blobs, with what is missing of them, has half as many. */
const CONTAINERS_MAX = 4_000_000;
/** Shorter documents cannot do harm. */
const HARMLESS_LENGTH = 256 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Why a document must not be parsed; undefined when it may. Says nothing about its syntax. */
export function jsonExcess(text: string): string | undefined {
  if (text.length <= HARMLESS_LENGTH) return undefined;
  let depth = 0;
  let containers = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (isOpening(code)) {
      depth += 1;
      containers += 1;
      if (depth > DEPTH_MAX) return `it is nested more than ${DEPTH_MAX} levels deep`;
      if (containers > CONTAINERS_MAX) {
        return `it has more than ${CONTAINERS_MAX} objects and arrays`;
      }
    } else if (isClosing(code)) {
      depth -= 1;
    }
  }
  return undefined;
}

function isOpening(code: number): boolean {
  return code === 0x5b || code === 0x7b;
}

function isClosing(code: number): boolean {
  return code === 0x5d || code === 0x7d;
}

/** Where the closing quote is, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at += 1;
  }
  return text.length;
}
