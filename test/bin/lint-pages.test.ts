/** docs/lint is the table of lint rules. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RULES } from '#dockerfile/lint/rules.ts';
import { lintPages } from '../../bin/lint-pages.ts';

const FOLDER = join(import.meta.dirname, '../../docs/lint');

test('the pages are current (else: node bin/lint-pages.ts)', () => {
  const pages = lintPages();
  assert.deepEqual(readdirSync(FOLDER).sort(), [...pages.keys()].sort());
  for (const [name, text] of pages) {
    assert.equal(readFileSync(join(FOLDER, name), 'utf8'), text, name);
  }
});

test('every rule has a page, and stands in the index once', () => {
  const pages = lintPages();
  const index = pages.get('README.md') ?? '';
  for (const { name, explanation } of RULES) {
    assert.ok(pages.get(`${name}.md`)?.includes(explanation), name);
    assert.equal(index.split(`[${name}](${name}.md)`).length, 2, name);
  }
});
