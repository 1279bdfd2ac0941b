/**
 * `--filter` of the prune commands, by docker's rules: `until` a time or an age, `label` and
 * `label!` with or without a value. Pure.
 */
import { SlipwayError } from '#core/errors.ts';
import { parseDuration } from '#dockerfile/duration.ts';

export interface PruneFilter {
  readonly beforeMs?: number;
  readonly hasLabels?: (labels: Readonly<Record<string, string>>) => boolean;
}

export type LabelRule = (labels: Readonly<Record<string, string>>) => boolean;

/** `nowMs`: ages count back from it. @throws USAGE in docker's words */
export function parsePruneFilters(
  filters: readonly string[],
  { nowMs, allowed }: { readonly nowMs: number; readonly allowed: readonly string[] },
): PruneFilter {
  const labels: LabelRule[] = [];
  const times: number[] = [];
  for (const text of filters) {
    const { name, isNot, value } = splitFilter(text);
    if (!allowed.includes(name) || (isNot && name !== 'label')) throw invalidFilter(name, allowed);
    if (name === 'until') times.push(parseUntil(value, nowMs));
    else labels.push(labelRule(value, isNot));
  }
  if (times.length > 1) {
    throw new SlipwayError('USAGE', 'more than one until filter specified', {
      hint: 'give --filter until=… once',
    });
  }
  const [beforeMs] = times;
  return {
    ...(beforeMs === undefined ? {} : { beforeMs }),
    ...(labels.length === 0 ? {} : { hasLabels: (of) => labels.every((rule) => rule(of)) }),
  };
}

function splitFilter(text: string): {
  readonly name: string;
  readonly isNot: boolean;
  readonly value: string;
} {
  const equals = text.indexOf('=');
  if (equals < 1) {
    throw new SlipwayError('USAGE', `invalid filter '${text}'`, {
      hint: 'a filter is name=value, for example until=24h or label=stage=test',
    });
  }
  const name = text.slice(0, equals).trim().toLowerCase();
  const isNot = name.endsWith('!');
  return { name: isNot ? name.slice(0, -1) : name, isNot, value: text.slice(equals + 1).trim() };
}

function invalidFilter(name: string, allowed: readonly string[]): SlipwayError {
  return new SlipwayError('USAGE', `invalid filter '${name}'`, {
    hint: `filters here are ${allowed.join(' and ')}`,
  });
}

export function labelRule(value: string, isNot: boolean): LabelRule {
  const equals = value.indexOf('=');
  const name = equals < 0 ? value : value.slice(0, equals);
  const wanted = equals < 0 ? undefined : value.slice(equals + 1);
  return (labels) => {
    const found = Object.hasOwn(labels, name) ? labels[name] : undefined;
    const fits = found !== undefined && (wanted === undefined || found === wanted);
    return fits !== isNot;
  };
}

const LOCAL_TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}(?::\d{2}(?::\d{2}(?:\.\d+)?)?)?)?$/;
const ZONED_TIME =
  /^\d{4}-\d{2}-\d{2}(?:T\d{2}(?::\d{2}(?::\d{2}(?:\.\d+)?)?)?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** An age (`24h`), seconds since 1970, or a date with or without time and zone. */
export function parseUntil(value: string, nowMs: number): number {
  const age = parseDuration(value);
  if ('nanoseconds' in age && value !== '0') return nowMs - age.nanoseconds / 1e6;
  if (/^\d+(?:\.\d+)?$/.test(value)) return Number(value) * 1000;
  const atMs = parseTime(value);
  if (Number.isFinite(atMs)) return atMs;
  throw new SlipwayError('USAGE', `failed to parse value as time or duration: "${value}"`, {
    hint: 'write an age such as 24h or 10m, seconds since 1970, or 2006-01-02T15:04:05',
  });
}

function parseTime(value: string): number {
  if (!LOCAL_TIME.test(value) && !ZONED_TIME.test(value)) return Number.NaN;
  const zone = ZONED_TIME.exec(value) ? (/(?:Z|[+-]\d{2}:\d{2})$/.exec(value)?.[0] ?? '') : '';
  const [day = '', time = ''] = value.slice(0, value.length - zone.length).split('T');
  // Without a time the day would be taken as UTC; docker takes it as local.
  const full = time === '' ? '00:00:00' : time.includes(':') ? time : `${time}:00`;
  return Date.parse(`${day}T${full}${zone}`);
}
