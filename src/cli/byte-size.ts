/** Sizes as docker's flags take them (its go-units package, RAMInBytes): `10GB`, `512m`. Pure. */
import { SlipwayError } from '#core/errors.ts';

const UNITS = 'kmgtp';

/** Bytes; units are powers of 1024, with or without `b` and `i`. @throws USAGE */
export function parseByteSize(text: string, flag: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp])?(?:i?b)?$/i.exec(text.trim());
  const power = match?.[2] === undefined ? 0 : UNITS.indexOf(match[2].toLowerCase()) + 1;
  const bytes = Math.trunc(Number(match?.[1]) * 1024 ** power);
  if (match && Number.isSafeInteger(bytes)) return bytes;
  throw new SlipwayError(
    'USAGE',
    `invalid argument "${text}" for "--${flag}" flag: invalid size: '${text}'`,
    { hint: 'write bytes or a unit: 10GB, 512m' },
  );
}
