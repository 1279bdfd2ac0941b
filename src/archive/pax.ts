/**
 * pax extended header records (POSIX pax §pax Extended Header): `LENGTH KEY=VALUE\n`, bytes in and
 * out. Values stay bytes, because a path need not be UTF-8 and an xattr is binary.
 */
import { Buffer } from 'node:buffer';
import type { Timestamp } from './entry.ts';
import { invalidArchive } from './tar-header.ts';

export interface PaxRecord {
  /** latin1. */
  readonly key: string;
  readonly value: Buffer;
}

/** All records in order, repeated keys included. @param offset of the data. @throws ARCHIVE_INVALID */
export function decodePax(data: Buffer, offset: number): PaxRecord[] {
  const records: PaxRecord[] = [];
  let at = 0;
  while (at < data.length) {
    const space = data.indexOf(0x20, at);
    const digits = space < 0 || space - at > 10 ? '' : data.toString('latin1', at, space);
    const end = at + Number(digits);
    const equals = data.indexOf(0x3d, space + 1);
    const isWhole =
      /^[0-9]+$/.test(digits) && end <= data.length && equals > space + 1 && equals < end;
    if (!isWhole || data[end - 1] !== 0x0a) {
      throw invalidArchive('a pax record cannot be read', offset + at);
    }
    records.push({
      key: data.toString('latin1', space + 1, equals),
      value: data.subarray(equals + 1, end - 1),
    });
    at = end;
  }
  return records;
}

/** Records in the order given. */
export function encodePax(records: readonly PaxRecord[]): Buffer {
  const parts: Buffer[] = [];
  for (const { key, value } of records) {
    // " KEY=VALUE\n" and the digits, whose number depends on the sum.
    const rest = key.length + value.length + 3;
    let length = rest + String(rest).length;
    if (String(length).length > String(rest).length) length = rest + String(length).length;
    parts.push(Buffer.from(`${length} ${key}=`, 'latin1'), value, Buffer.from('\n'));
  }
  return Buffer.concat(parts);
}

/** A record's decimal integer. @throws ARCHIVE_INVALID */
export function paxInteger(value: Buffer, offset: number): number {
  const text = value.toString('latin1');
  const number = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(number)) {
    throw invalidArchive('a number in a pax record cannot be read', offset);
  }
  return number;
}

/** A record's decimal seconds with fraction; digits past nanoseconds round down. @throws ARCHIVE_INVALID */
export function paxTime(value: Buffer, offset: number): Timestamp {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value.toString('latin1'));
  if (match === null) throw invalidArchive('a time in a pax record cannot be read', offset);
  const [, sign, whole = '0', fraction = ''] = match;
  const seconds = Number(whole);
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, '0'));
  if (sign !== '-') return { seconds, nanoseconds };
  const isCut = /[1-9]/.test(fraction.slice(9));
  const below = nanoseconds + (isCut ? 1 : 0);
  if (below === 0) return { seconds: seconds === 0 ? 0 : -seconds, nanoseconds: 0 };
  return { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - below };
}

/** Decimal seconds with nine digits of fraction. */
export function encodePaxTime({ seconds, nanoseconds }: Timestamp): Buffer {
  const isBelow = seconds < 0 && nanoseconds > 0;
  const whole = isBelow ? `-${-(seconds + 1)}` : `${seconds}`;
  const fraction = isBelow ? 1_000_000_000 - nanoseconds : nanoseconds;
  return Buffer.from(`${whole}.${String(fraction).padStart(9, '0')}`);
}
