/** Byte ranges: of blob reads (RFC 9110 §14) and of upload chunks (distribution-spec, end-5). */

export type ReadRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

const WHOLE: ReadRange = { kind: 'whole' };

/**
 * What a Range header asks of `size` bytes; `end` is past the last byte. Several ranges, other units
 * and what cannot be parsed count as no header, as the RFC allows; a range that ends before it begins
 * is refused (§15.5.17), since the whole blob is not what its client can use.
 */
export function parseRange(header: string | undefined, size: number): ReadRange {
  const parts = /^bytes=\s*(\d{0,15})\s*-\s*(\d{0,15})$/.exec(header?.trim() ?? '');
  if (!parts) return WHOLE;
  const [, first = '', last = ''] = parts;
  if (first === '' && last === '') return WHOLE;
  if (first === '') return suffix(Number(last), size);
  const start = Number(first);
  if (last !== '' && Number(last) < start) return { kind: 'unsatisfiable' };
  if (start >= size) return { kind: 'unsatisfiable' };
  return { kind: 'part', start, end: last === '' ? size : Math.min(Number(last) + 1, size) };
}

function suffix(length: number, size: number): ReadRange {
  if (length === 0 || size === 0) return { kind: 'unsatisfiable' };
  return { kind: 'part', start: Math.max(0, size - length), end: size };
}

/** `<start>-<end>` of a chunk, end included; the form of RFC 9110 (`bytes 0-9/*`) is taken too. */
export function parseChunkRange(
  header: string,
): { readonly start: number; readonly end: number } | undefined {
  const parts = /^(?:bytes[ =])?\s*(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header.trim());
  if (!parts) return undefined;
  const [start, end] = [Number(parts[1]), Number(parts[2])];
  return end < start ? undefined : { start, end };
}
