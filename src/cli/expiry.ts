/** When something is to end: a time from now (`720h`), or a time as `--filter until` takes it. Pure. */
import { parseDuration } from '#dockerfile/duration.ts';
import { parseUntil } from './prune-filter.ts';

/** Milliseconds since 1970. @throws USAGE */
export function parseExpiry(value: string, nowMs: number): number {
  const span = parseDuration(value);
  return 'nanoseconds' in span ? nowMs + span.nanoseconds / 1e6 : parseUntil(value, nowMs);
}
