/**
 * When compressed data stop being believable: the bound on what a few bytes may become (ADR 10).
 * Up to 4 GiB anything goes, because a disk image of zeros is honest; beyond, 1,100 times what was
 * given. Deflate cannot pass that (its own limit is 1,032), so a bound on gzip is the disk.
 */
import { SlipwayError } from '#core/errors.ts';

export interface ExpansionBound {
  /** Bytes that may come out whatever went in. */
  readonly freeBytes: number;
  readonly ratio: number;
}

export const EXPANSION_BOUND: ExpansionBound = { freeBytes: 4 * 1024 ** 3, ratio: 1100 };

/**
 * `given` bytes of an archive have become `expanded` so far.
 * @throws EXPANSION_REFUSED
 */
export function checkExpansion(
  { given, expanded }: { readonly given: number; readonly expanded: number },
  bound: ExpansionBound = EXPANSION_BOUND,
): void {
  if (expanded <= bound.freeBytes || expanded <= given * bound.ratio) return;
  const ratio = Math.floor(expanded / Math.max(given, 1));
  throw new SlipwayError(
    'EXPANSION_REFUSED',
    `${given} bytes expand to more than ${expanded}: this looks like a decompression bomb`,
    {
      hint: `if you trust it, decompress it yourself and use the plain file (allowed are ${bound.ratio} bytes for one, found ${ratio})`,
      detail: { given, expanded, ratio: bound.ratio },
    },
  );
}
