/** Column tables, to the space. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTable } from '#cli/table.ts';

test('a header alone: narrow columns are ten wide, the last is not padded', () => {
  assert.equal(
    formatTable(['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE'], []),
    'REPOSITORY   TAG       IMAGE ID   CREATED   SIZE\n',
  );
});

test('the widest cell sets a column', () => {
  assert.equal(
    formatTable(
      ['NAME', 'TAG'],
      [
        ['a-longer-name', '1'],
        ['b', 'é'],
      ],
    ),
    'NAME            TAG\na-longer-name   1\nb               é\n',
  );
});

test('as many rows as an image has files', () => {
  const rows = Array.from({ length: 200_000 }, () => ['/a']);
  assert.equal(formatTable(['PATH'], rows).length, 'PATH\n'.length + 200_000 * '/a\n'.length);
});
