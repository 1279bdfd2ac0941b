/** Sizes as docker's flags take them: `512m`, `4G`, `700MiB`, `1.5g`; units are powers of 1024. */
import { SlipwayError } from './errors.ts';

const UNITS = ['', 'k', 'm', 'g', 't', 'p'];

/** Whole bytes, at least one. @throws USAGE, naming the flag */
export function parseByteSize(text: string, flag: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text);
  const power = UNITS.indexOf((match?.[2] ?? '').toLowerCase());
  const bytes = Math.floor(Number(match?.[1]) * 1024 ** power);
  if (match && bytes >= 1 && Number.isSafeInteger(bytes)) return bytes;
  throw new SlipwayError('USAGE', `invalid size "${text}" of ${flag}`, {
    hint: 'write a number and a unit: 700m, 4g',
  });
}
