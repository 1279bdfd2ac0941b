/**
 * Sizes as docker's flags take them (its go-units package, RAMInBytes): `512m`, `4G`, `700MiB`,
 * `1.5g`. Units are powers of 1024.
 */
import { SlipwayError } from './errors.ts';

const UNITS = ['', 'k', 'm', 'g', 't', 'p'];

/** Whole bytes, at least `min` (default 0). `flag`: with its dashes. @throws USAGE in docker's words */
export function parseByteSize(
  text: string,
  { flag, min = 0 }: { flag: string; min?: number },
): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text);
  const power = UNITS.indexOf((match?.[2] ?? '').toLowerCase());
  const bytes = Math.floor(Number(match?.[1]) * 1024 ** power);
  if (match && bytes >= min && Number.isSafeInteger(bytes)) return bytes;
  throw new SlipwayError(
    'USAGE',
    `invalid argument "${text}" for "${flag}" flag: invalid size: '${text}'`,
    { hint: 'write bytes, or a number and a unit: 700m, 4G' },
  );
}
