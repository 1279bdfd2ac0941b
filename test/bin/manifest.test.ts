/** The committed oclif.manifest.json, and that oclif takes our commands as its own. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { COMMANDS } from '#cli/command-table.ts';
import { helpText } from '#cli/help.ts';
import { expectedManifest } from '#test/helpers/oclif-manifest.ts';

const ROOT = join(import.meta.dirname, '../..');

test('it is current (else: npm run build)', async () => {
  const committed = JSON.parse(readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8'));
  assert.deepEqual(committed, await expectedManifest());
});

test('oclif finds the commands that we dispatch', async () => {
  const { commands } = await expectedManifest();
  assert.deepEqual(Object.keys(commands).sort(), Object.keys(COMMANDS).sort());
});

test('help lists every command, and each has its page', async () => {
  const overview = await helpText([]);
  for (const id of Object.keys(COMMANDS)) {
    const words = id.split(':');
    assert.match(overview, new RegExp(`^ {2}${words[0]} `, 'm'));
    assert.match(await helpText(words), new RegExp(`^Usage: {2}slipway ${words.join(' ')}`));
  }
});
