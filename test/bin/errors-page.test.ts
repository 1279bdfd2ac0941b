/** docs/errors.md is the table of error codes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ERROR_CODES } from '#core/errors.ts';
import { errorsPage } from '../../bin/errors-page.ts';

test('the page is current (else: npm run build)', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8');
  assert.equal(page, errorsPage());
});

test('every code is on the page once', () => {
  const page = errorsPage();
  for (const code of Object.keys(ERROR_CODES)) {
    assert.equal(page.split(`| \`${code}\` |`).length, 2, code);
  }
});
