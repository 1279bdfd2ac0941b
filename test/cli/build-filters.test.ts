/** `history ls --filter`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBuildFilters } from '#cli/build-filters.ts';
import { buildSummary } from '#test/helpers/build-summary.ts';
import { NOW_MS } from '#test/helpers/run-command.ts';

const HOUR_MS = 3_600_000;
const build = buildSummary({
  ref: 'abcdef',
  name: 'app (test)',
  context: 'https://example.com/x.git',
  status: 'error',
  startedAtMs: NOW_MS - HOUR_MS,
  endedAtMs: NOW_MS - HOUR_MS + 90_000,
});

const CASES: readonly (readonly [fits: boolean, ...filters: readonly string[]])[] = [
  [true],
  [true, 'ref=cde'],
  [false, 'ref=xyz'],
  [true, 'name=app'],
  [true, 'repository=example.com'],
  [true, 'status=error'],
  [false, 'status=err'],
  [false, 'status!=error'],
  [true, 'status!=completed', 'duration>30s'],
  [false, 'status=error', 'duration>2m'],
  [true, 'duration>=1m30s', 'duration<=90s'],
  [true, 'startedAt>2h'],
  [false, 'startedAt>30m'],
  [true, 'startedAt<30m'],
  [true, 'completedAt>=2026-11-21T11:01:30Z'],
  [false, 'completedAt<2026-11-21T11:01:30Z'],
];

for (const [fits, ...filters] of CASES) {
  test(`${filters.join(' and ') || 'nothing'}: ${fits}`, () => {
    assert.equal(parseBuildFilters(filters, NOW_MS)(build), fits);
  });
}

for (const text of [
  'status',
  'colour=red',
  'status>error',
  'duration=3s',
  'duration>x',
  'startedAt>x',
]) {
  test(`${text} is refused`, () => {
    assert.throws(() => parseBuildFilters([text], NOW_MS), { code: 'USAGE' });
  });
}

test('a build that runs has run until now', () => {
  const running = buildSummary({ status: 'running', startedAtMs: NOW_MS - 60_000 });
  assert.equal(parseBuildFilters(['duration>=1m'], NOW_MS)(running), true);
});
