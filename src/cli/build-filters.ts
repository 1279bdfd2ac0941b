/** `history ls --filter`, by the rules of docker buildx; all that are given must fit. Pure. */
import type { BuildSummary } from '#core/build-record.ts';
import { SlipwayError } from '#core/errors.ts';
import { parseDuration } from '#dockerfile/duration.ts';

export type BuildFilter = (build: BuildSummary) => boolean;

const FILTER = /^(?<key>\w+)(?<sign>!=|<=|>=|=|<|>)(?<value>.*)$/;

/** `nowMs`: ages count back from it, and what runs has run until then. @throws USAGE */
export function parseBuildFilters(filters: readonly string[], nowMs: number): BuildFilter {
  const tests = filters.map((text) => parseFilter(text, nowMs));
  return (build) => tests.every((test) => test(build));
}

function parseFilter(text: string, nowMs: number): BuildFilter {
  const { key = '', sign = '', value = '' } = FILTER.exec(text)?.groups ?? {};
  const given = { text, sign, value };
  switch (key) {
    case 'ref':
      return textFilter(given, ({ ref }, wanted) => ref.includes(wanted));
    case 'name':
      return textFilter(given, ({ name }, wanted) => name.includes(wanted));
    case 'repository':
      return textFilter(given, ({ context }, wanted) => context.includes(wanted));
    case 'status':
      return textFilter(given, ({ status }, wanted) => status === wanted);
    case 'startedAt':
      return numberFilter(given, timeIn(value, nowMs), ({ startedAtMs }) => startedAtMs);
    case 'completedAt':
      return numberFilter(given, timeIn(value, nowMs), ({ endedAtMs = 0 }) => endedAtMs);
    case 'duration':
      return numberFilter(
        given,
        durationIn(value),
        ({ startedAtMs, endedAtMs = nowMs }) => endedAtMs - startedAtMs,
      );
    default:
      throw new SlipwayError('USAGE', `invalid filter "${text}"`, {
        hint: 'the filters are ref, name, repository and status with = and !=, startedAt, completedAt and duration with <, <=, > and >=',
      });
  }
}

interface Given {
  readonly text: string;
  readonly sign: string;
  readonly value: string;
}

function textFilter(
  { text, sign, value }: Given,
  fits: (build: BuildSummary, wanted: string) => boolean,
): BuildFilter {
  if (sign === '=') return (build) => fits(build, value);
  if (sign === '!=') return (build) => !fits(build, value);
  throw invalidSign(text, '= or !=');
}

function numberFilter(
  { text, sign }: Given,
  wanted: number,
  numberOf: (build: BuildSummary) => number,
): BuildFilter {
  switch (sign) {
    case '<':
      return (build) => numberOf(build) < wanted;
    case '<=':
      return (build) => numberOf(build) <= wanted;
    case '>':
      return (build) => numberOf(build) > wanted;
    case '>=':
      return (build) => numberOf(build) >= wanted;
    default:
      throw invalidSign(text, '<, <=, > or >=');
  }
}

function invalidSign(text: string, signs: string): SlipwayError {
  return new SlipwayError('USAGE', `invalid separator for "${text}", expected ${signs}`, {
    hint: 'quote it for your shell, as in --filter "duration>30s"',
  });
}

function durationIn(value: string): number {
  const duration = parseDuration(value);
  if ('nanoseconds' in duration) return duration.nanoseconds / 1e6;
  throw new SlipwayError('USAGE', `invalid duration ${value}`, { hint: 'write 30s or 1m30s' });
}

/** An age, or a time of RFC 3339. */
function timeIn(value: string, nowMs: number): number {
  const age = parseDuration(value);
  if ('nanoseconds' in age) return nowMs - age.nanoseconds / 1e6;
  const atMs = /^\d{4}-\d{2}-\d{2}T/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isFinite(atMs)) return atMs;
  throw new SlipwayError('USAGE', `invalid time ${value}`, {
    hint: 'write an age such as 24h, or 2026-01-02T15:04:05Z',
  });
}
