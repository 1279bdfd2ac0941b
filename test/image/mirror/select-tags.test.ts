/** Which tags a mirror takes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TagSelection } from '#core/mirror.ts';
import { SELECT_ALL } from '#image/mirror/fields.ts';
import { isRange, selectTags } from '#image/mirror/select-tags.ts';

const SIGNATURE = `sha256-${'a'.repeat(64)}.sig`;
const TAGS = [
  ...['1', '1.2', '1.2.3', '1.2.3-alpine', '1.10.0', 'v1.9.0', '2.0.0-rc1', '2.0.0'],
  ...['latest', 'edge', '20260101', SIGNATURE],
];

for (const [what, selection, expected] of [
  ['nothing said: every tag but signatures', {}, TAGS.slice(0, -1)],
  ['a list', { list: ['latest', '1.2'] }, ['1.2', 'latest']],
  ['an expression', { regex: [/^v?1\.\d+\.\d+$/] }, ['1.2.3', '1.10.0', 'v1.9.0']],
  ['several ways are added up', { list: ['edge'], regex: [/^2\.0\.0$/] }, ['2.0.0', 'edge']],
  ['a range knows that 10 is more than 9', { semver: ['>=1.9 <2'] }, ['1.10.0', 'v1.9.0']],
  ['a range takes 1.2 as 1.2.0 and 1 as 1.0.0', { semver: ['<=1.2.0'] }, ['1', '1.2']],
  [
    'prereleases when asked for',
    { semver: ['>=1.10 <2.0.0'], prereleases: true },
    ['1.10.0', '2.0.0-rc1'],
  ],
  ['a variant is a prerelease to semver', { semver: ['1.2.3'] }, ['1.2.3']],
  ['what is excluded stays out, listed or not', { list: ['latest'], exclude: [/^latest$/] }, []],
  ['everything but', { exclude: [/^\d/, /^v/] }, ['latest', 'edge']],
] as const satisfies readonly (readonly [string, Partial<TagSelection>, readonly string[]])[]) {
  test(what, () => {
    const { selected } = selectTags(TAGS, { ...SELECT_ALL, ...selection });
    assert.deepEqual(selected, expected);
  });
}

test('what is listed and not there is told', () => {
  const { selected, missing } = selectTags(TAGS, { ...SELECT_ALL, list: ['1.2', 'gone'] });
  assert.deepEqual([selected, missing], [['1.2'], ['gone']]);
});

test('a number of a date is a version, too: a range takes it when it fits', () => {
  const { selected } = selectTags(TAGS, { ...SELECT_ALL, semver: ['>=3'] });
  assert.deepEqual(selected, ['20260101']);
});

test('ranges', () => {
  for (const range of ['>=1.2', '^1', '1.x || >=2.5', '~1.2.3', '1.2 - 2'])
    assert.ok(isRange(range));
  for (const range of ['one', '>>1', '>=latest']) assert.ok(!isRange(range));
});
