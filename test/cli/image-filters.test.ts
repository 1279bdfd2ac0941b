/** `images --filter`, with docker's refusals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImageFilters } from '#cli/image-filters.ts';
import { imageSummary } from '#test/helpers/image-summary.ts';

const nowMs = Date.UTC(2026, 10, 21, 12);
const old = imageSummary('old', { tags: ['old:1'], created: '2026-01-01T00:00:00Z' });
const young = imageSummary('young', { tags: ['young:1'], created: '2026-11-21T11:00:00Z' });
const lost = { ...imageSummary('lost'), config: { ...old.config, config: { Labels: { a: '1' } } } };
const images = [young, old, lost];

async function kept(...filters: readonly string[]): Promise<readonly string[]> {
  const { keeps } = await parseImageFilters(filters, undefined, {
    nowMs,
    inspect: async (name) => (name === 'old' ? old : young),
  });
  const names = new Map([young, old, lost].map((image, i) => [image, ['young', 'old', 'lost'][i]]));
  return images.filter(keeps).map((image) => names.get(image) ?? '');
}

const CASES: readonly (readonly [filters: string, kept: readonly string[]])[] = [
  ['', ['young', 'old', 'lost']],
  ['dangling=true', ['lost']],
  ['dangling=0', ['young', 'old']],
  ['dangling=1 dangling=0', ['young', 'old', 'lost']],
  ['label=a', ['lost']],
  ['label=a=1', ['lost']],
  ['label=a=2', []],
  ['label=a label=b', []],
  ['before=young', ['old', 'lost']],
  ['since=old', ['young']],
  ['before=young since=old', []],
  ['until=2h', ['old', 'lost']],
  ['until=2026-01-02', ['old', 'lost']],
];

for (const [filters, expected] of CASES) {
  test(filters || 'none', async () => {
    assert.deepEqual(await kept(...filters.split(' ').filter(Boolean)), expected);
  });
}

test('references join the pattern of the command line', async () => {
  const { names } = await parseImageFilters(['reference=y*'], 'old', {
    nowMs,
    inspect: async () => old,
  });
  assert.deepEqual(
    [...old.tags, ...young.tags].map((name) => names?.(name)),
    [true, true],
  );
});

const REFUSED: readonly (readonly [filter: string, message: string])[] = [
  ['foo=bar', "invalid filter 'foo'"],
  ['dangling=x', "invalid filter 'dangling=[x]'"],
  ['until=xx', 'failed to parse value as time or duration: "xx"'],
  ['reference=[', 'syntax error in pattern'],
  [
    'foo',
    'invalid argument "foo" for "-f, --filter" flag: bad format of filter (expected name=value)',
  ],
];

for (const [filter, message] of REFUSED) {
  test(`refused: ${filter}`, async () => {
    await assert.rejects(kept(filter), { code: 'USAGE', message });
  });
}
