/** Networks with a way out; that packets go through is shown by test/e2e/network.test.ts. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { openNetwork } from '#runtime/network.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

test('the host’s network and none need nothing to be opened', async () => {
  using folder = tempFolder();
  for (const mode of ['host', 'none'] as const) {
    await using opened = await openNetwork(mode, { helper: '/nowhere', file: folder.at('file') });
    assert.equal(opened.path, undefined);
  }
  assert.equal(existsSync(folder.at('file')), false);
});

test('a program that does not answer is said to be missing, with the package', async () => {
  using folder = tempFolder();
  await assert.rejects(openNetwork('pasta', { helper: '/bin/false', file: folder.at('file') }), {
    code: 'NETWORK_FAILED',
    hint: /install passt/,
  });
  await assert.rejects(
    openNetwork('slirp4netns', { helper: '/bin/false', file: folder.at('file') }),
    { code: 'NETWORK_FAILED', hint: /install slirp4netns/ },
  );
});
