/**
 * Durations in Go's notation (`1m30s`, `1.5h`, `-2ms`), as HEALTHCHECK flags have them. Docker
 * stores them as nanoseconds; a number holds those exactly up to 104 days.
 */

const NANOSECONDS: ReadonlyMap<string, number> = new Map([
  ['ns', 1],
  ['us', 1e3],
  ['µs', 1e3],
  ['μs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
  ['m', 60e9],
  ['h', 3600e9],
]);

export type ParsedDuration =
  | { readonly nanoseconds: number }
  /** Go's wording. */
  | { readonly error: string };

/** Nanoseconds of a duration, or Go's complaint about it. Only `0` may go without a unit. */
export function parseDuration(text: string): ParsedDuration {
  const quoted = JSON.stringify(text);
  const sign = text.startsWith('-') ? -1 : 1;
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return { nanoseconds: 0 };
  if (rest === '') return { error: `time: invalid duration ${quoted}` };
  let total = 0;
  while (rest !== '') {
    const number = /^(?:\d+\.?\d*|\.\d+)/.exec(rest)?.[0];
    if (number === undefined) return { error: `time: invalid duration ${quoted}` };
    rest = rest.slice(number.length);
    const unit = /^[^\d.]*/.exec(rest)?.[0] ?? '';
    if (unit === '') return { error: `time: missing unit in duration ${quoted}` };
    const scale = NANOSECONDS.get(unit);
    if (scale === undefined) {
      return { error: `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}` };
    }
    total += Number(number) * scale;
    rest = rest.slice(unit.length);
  }
  if (total > 2 ** 63) return { error: `time: invalid duration ${quoted}` };
  return { nanoseconds: total === 0 ? 0 : sign * Math.trunc(total) };
}
