/**
 * A line of a build's log that is no event: a step was not in the cache. Why is worked out only when
 * somebody asks, from the records that were there at the time, which it names.
 */
import { type Digest, parseDigest } from '#core/digest.ts';
import { type JsonValue, ObjectReader, parseJson } from '#core/json.ts';

const KIND = 'vertex-missed';

export interface MissedStepLine {
  readonly vertex: number;
  /** It was not looked up. */
  readonly isForced: boolean;
  /** Of its record; absent when it failed, so that none was made. */
  readonly key?: string;
  /** What it was made of, where there is no record to say so. */
  readonly facts?: JsonValue;
  /** The layer it made. */
  readonly layer?: Digest;
  /** The layer below it. */
  readonly below?: Digest;
  /** Keys of earlier steps like it, the one used last first. */
  readonly earlier: readonly string[];
  /** There was a record with its text. */
  readonly hasRecord: boolean;
}

export function missedLine(missed: MissedStepLine): string {
  return JSON.stringify({ kind: KIND, ...missed });
}

/** Undefined for another line. @throws JSON_INVALID */
export function parseMissedLine(line: string): MissedStepLine | undefined {
  if (!line.startsWith(`{"kind":"${KIND}"`)) return undefined;
  const what = 'a line of a log';
  const fields = new ObjectReader(parseJson(line, what), what);
  const key = fields.optionalString('key');
  const facts = fields.raw('facts');
  const layer = fields.optionalString('layer');
  const below = fields.optionalString('below');
  return {
    vertex: fields.size('vertex'),
    isForced: fields.optionalBoolean('isForced') ?? false,
    earlier: fields.strings('earlier'),
    hasRecord: fields.optionalBoolean('hasRecord') ?? false,
    ...(key === undefined ? {} : { key }),
    ...(facts === undefined ? {} : { facts }),
    ...(layer === undefined ? {} : { layer: parseDigest(layer) }),
    ...(below === undefined ? {} : { below: parseDigest(below) }),
  };
}
