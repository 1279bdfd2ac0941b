/** What of a layer would give a secret away, besides the content of its files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EntrySource } from '#archive/entry.ts';
import { guardLayer } from '#build/mounts/leak-guard.ts';
import { file, layerIn, symlink, tarOf } from '#test/helpers/entries.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const SECRET = 'correct horse';
const secrets = new Map([['token', Buffer.from(`${SECRET}\n`)]]);

async function guard(...entries: readonly EntrySource[]): Promise<void> {
  using folder = tempFolder();
  guardLayer(await layerIn(folder.path, await tarOf(entries)), secrets);
}

for (const [what, entry] of [
  ['the content of a file', file('a', `x${SECRET}x`)],
  ['its content across two reads', file('a', `${'x'.repeat(1024 * 1024 - 5)}${SECRET}`)],
  ['its content in base64', file('a', Buffer.from(SECRET).toString('base64'))],
  ['its name', file(`a-${SECRET}`, '')],
  ['the target of a link', symlink('a', `/${SECRET}`)],
  ['an attribute', file('a', '', { xattrs: { 'user.a': SECRET } })],
  ['the name of one', file('a', '', { xattrs: { [`user.${SECRET}`]: '1' } })],
] as const) {
  test(`a secret in ${what} is refused`, async () => {
    await assert.rejects(guard(entry), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'SECRET_LEAKED');
      assert.doesNotMatch(error.message, new RegExp(SECRET));
      return true;
    });
  });
}

test('what stands in two places that only together would be the secret is none', async () => {
  await guard(symlink('correct', ' horse'), file('other', 'correct'));
});
