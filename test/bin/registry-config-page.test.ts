/** docs/registry-config.md is what the table of keys says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { registryConfigPage } from '../../bin/registry-config-page.ts';

test('the committed page is the one the keys give: npm run build writes it', () => {
  const path = join(import.meta.dirname, '../../docs/registry-config.md');
  assert.equal(readFileSync(path, 'utf8'), registryConfigPage());
});
