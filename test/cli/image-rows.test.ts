/** Rows of `images`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageRows } from '#cli/image-rows.ts';
import { namePattern } from '#cli/name-pattern.ts';
import { goJson } from '#cli/template/values.ts';
import { shortId } from '#core/digest.ts';
import { imageSummary } from '#test/helpers/image-summary.ts';

const options = { fullIds: false, nowMs: Date.UTC(2026, 10, 21, 12) };
const app = imageSummary('app', {
  tags: ['app:1', 'localhost:5000/app:1'],
  created: '2026-11-21T11:57:00Z',
});

test('one row per name, with everything in docker’s words', () => {
  const [first, second] = imageRows([app], options);
  assert.deepEqual(JSON.parse(goJson(first)), {
    Containers: 'N/A',
    CreatedAt: '2026-11-21 11:57:00 +0000 UTC',
    CreatedSince: '3 minutes ago',
    Digest: '<none>',
    ID: shortId(app.imageId),
    Repository: 'app',
    SharedSize: 'N/A',
    Size: '4.57MB',
    Tag: '1',
    UniqueSize: 'N/A',
    VirtualSize: '4.568MB',
  });
  assert.equal(second?.Repository, 'localhost:5000/app');
});

test('an image without a name has a row too', () => {
  const [row] = imageRows([imageSummary('x')], { ...options, fullIds: true });
  assert.equal(row?.Repository, '<none>');
  assert.equal(row?.Tag, '<none>');
  assert.equal(row?.ID, imageSummary('x').imageId);
});

test('the digest is the one under the same repository', () => {
  const digest = imageSummary('other').imageId;
  const image = imageSummary('x', { tags: ['x:1', 'y:1'], digests: [`x@${digest}`] });
  assert.deepEqual(
    imageRows([image], options).map((row) => row.Digest),
    [digest, '<none>'],
  );
  const pulled = imageSummary('x', { digests: [`x@${digest}`] });
  const [row] = imageRows([pulled], options);
  assert.deepEqual([row?.Repository, row?.Tag, row?.Digest], ['<none>', '<none>', digest]);
});

test('an image that lost its tag: one row without a name, found by its repository', () => {
  const digest = imageSummary('other').imageId;
  const image = imageSummary('x', { digests: [`x@${digest}`, `y@${digest}`] });
  const rows = (filter: string | undefined) =>
    imageRows([image], {
      ...options,
      names: filter === undefined ? undefined : namePattern(filter),
    }).map(({ Repository, Tag }) => [Repository, Tag]);
  for (const filter of [undefined, 'x', 'y']) {
    assert.deepEqual(rows(filter), [['<none>', '<none>']]);
  }
  assert.deepEqual(rows('z'), []);
});

test('of an image only the names that fit', () => {
  const images = [app, imageSummary('b', { tags: ['app:2', 'b:1'] }), imageSummary('c')];
  const names = (pattern: string): string[] =>
    imageRows(images, { ...options, names: namePattern(pattern) }).map(
      (row) => `${row.Repository}:${row.Tag}`,
    );
  assert.deepEqual(names('app'), ['app:1', 'app:2']);
  assert.deepEqual(names('app:2'), ['app:2']);
  assert.deepEqual(names('nosuch'), []);
});
