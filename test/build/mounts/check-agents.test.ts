/** Agents are sockets; anything else is told with what to do. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { checkAgents } from '#build/mounts/check-agents.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

test('a socket is taken; a key, a folder and nothing are refused', async () => {
  using folder = tempFolder();
  const socket = folder.at('agent');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    checkAgents({ default: socket, work: socket });
    writeFileSync(folder.at('id_ed25519'), 'a key');
    for (const [id, name, problem, fix] of [
      ['default', 'id_ed25519', 'a file, and not the socket of an agent', /ssh-add FILE$/],
      ['work', '.', 'not the socket of an agent', /--ssh work=\$SSH_AUTH_SOCK$/],
      ['work', 'gone', 'no such file or directory', /--ssh work=/],
    ] as const) {
      const path = folder.at(name);
      assert.throws(() => checkAgents({ [id]: path }), {
        code: 'FILE_UNUSABLE',
        message: `invalid ssh agent ${id}: ${path}: ${problem}`,
        hint: fix,
      });
    }
  } finally {
    server.close();
  }
});
