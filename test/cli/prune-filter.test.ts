/** `--filter` of the prune commands: ages, times, labels, and what docker refuses. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parsePruneFilters } from '#cli/prune-filter.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12);
const parse = (...filters: readonly string[]) =>
  parsePruneFilters(filters, { nowMs: NOW_MS, allowed: ['until', 'label'] });

describe('until', () => {
  const cases: Readonly<Record<string, number>> = {
    '24h': NOW_MS - 24 * 3600_000,
    '1h30m': NOW_MS - 5400_000,
    '1700000000': 1_700_000_000_000,
    '1700000000.5': 1_700_000_000_500,
    '2026-01-02T03:04:05Z': Date.UTC(2026, 0, 2, 3, 4, 5),
    '2026-01-02T03:04:05+01:00': Date.UTC(2026, 0, 2, 2, 4, 5),
    '2026-01-02T03:04Z': Date.UTC(2026, 0, 2, 3, 4),
    '2026-01-02Z': Date.UTC(2026, 0, 2),
    '2026-01-02T03:04:05': new Date(2026, 0, 2, 3, 4, 5).getTime(),
    '2026-01-02T03': new Date(2026, 0, 2, 3).getTime(),
    '2026-01-02': new Date(2026, 0, 2).getTime(),
  };
  for (const [text, expected] of Object.entries(cases)) {
    test(text, () => assert.equal(parse(`until=${text}`).beforeMs, expected));
  }

  test('what is neither, and twice', () => {
    assert.throws(() => parse('until=xyz'), {
      code: 'USAGE',
      message: 'failed to parse value as time or duration: "xyz"',
    });
    assert.throws(() => parse('until=2026-13-40'), { code: 'USAGE' });
    assert.throws(() => parse('until=1h', 'until=2h'), {
      message: 'more than one until filter specified',
    });
  });
});

test('labels: a name, a value, not, several', () => {
  const labels = { stage: 'test', team: 'a=b' };
  const fits = (...filters: readonly string[]) => parse(...filters).hasLabels?.(labels);
  assert.equal(fits('label=stage'), true);
  assert.equal(fits('label=stage=test'), true);
  assert.equal(fits('label=stage=prod'), false);
  assert.equal(fits('label=team=a=b'), true);
  assert.equal(fits('label!=stage'), false);
  assert.equal(fits('label!=stage=prod'), true);
  assert.equal(fits('label=constructor'), false);
  assert.equal(fits('label=stage', 'label=team'), true);
  assert.equal(fits('label=stage', 'label=other'), false);
  assert.equal(parse().hasLabels, undefined);
});

test('other filters are refused in docker’s words', () => {
  for (const [filter, name] of [
    ['foo=bar', 'foo'],
    ['until!=1h', 'until'],
    ['label', 'label'],
  ] as const) {
    assert.throws(() => parse(filter), { code: 'USAGE', message: `invalid filter '${name}'` });
  }
  assert.throws(() => parsePruneFilters(['label=x'], { nowMs: 0, allowed: ['until'] }), {
    code: 'USAGE',
    hint: 'filters here are until',
  });
});
