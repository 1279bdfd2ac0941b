/** docs/faults.md: whoever reads a row can rely on a test being there. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';

const DOCS = join(import.meta.dirname, '../../docs');
const ROW = /^\| (?<fault>.+?) \| .+ \| \[[\w-]+\]\((?<path>[^)]+)\): (?<name>.+) \|$/;

it('every row of the fault table names a test that is there', () => {
  const tables = readFileSync(join(DOCS, 'faults.md'), 'utf8').split('\n\n');
  const rows = tables
    .filter((table) => table.startsWith('| what happens |'))
    .flatMap((table) => table.trimEnd().split('\n').slice(2));
  const wrong = rows.filter((row) => {
    const { path = '', name = '' } = ROW.exec(row)?.groups ?? {};
    const file = join(DOCS, path);
    return name === '' || !existsSync(file) || !readFileSync(file, 'utf8').includes(name);
  });
  assert.deepEqual(wrong, []);
  assert.ok(rows.length > 40, `${rows.length} rows`);
});
