/** docs/shim-options.md is what the tables say. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { shimsPage } from '../../bin/shims-page.ts';

test('the page is current (else: npm run build)', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/shim-options.md'), 'utf8');
  assert.equal(page, shimsPage());
});

test('a refused option, one that is refused with some values, and one that changes nothing', () => {
  const page = shimsPage();
  assert.match(page, /\| `--cap-add` \| refused \| /);
  assert.match(page, /\| `--isolation` \| refused unless `""` or `default` \| /);
  assert.match(page, /\| `--compress` \| changes nothing \| /);
  assert.doesNotMatch(page, /\| `--tag` /);
});
