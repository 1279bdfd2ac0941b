/**
 * Sizes as docker's flags take them (its go-units package, RAMInBytes): `512m`, `4G`, `700MiB`,
 * `1.5g`. Units are powers of 1024.
 */
import { SlipwayError } from './errors.ts';

export const BYTES_PER_MIB = 1024 ** 2;

const UNITS = ['', 'k', 'm', 'g', 't', 'p'];

/** The other way, as short as it can be said exactly: `64MB`, `1.5GB`, `1025B`. */
export function formatByteSize(bytes: number): string {
  const power = UNITS.findLastIndex(
    (_, i) => bytes >= 1024 ** i && (bytes * 100) % 1024 ** i === 0,
  );
  const unit = power > 0 ? `${UNITS[power]?.toUpperCase()}B` : 'B';
  return `${power > 0 ? bytes / 1024 ** power : bytes}${unit}`;
}

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
