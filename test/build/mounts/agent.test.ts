/** A socket before an ssh agent's: both ways, also in a folder with a long path. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { forwardAgent } from '#build/mounts/agent.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

test('what a client says reaches the agent, and its answer the client', async () => {
  using folder = tempFolder();
  const agent = folder.at('agent');
  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.once('data', (said) => client.end(`answer to ${said}`));
  });
  await new Promise<void>((resolve) => server.listen(agent, resolve));
  const long = folder.at('x'.repeat(100));
  mkdirSync(long);
  try {
    await using _forwarded = await forwardAgent({ agent, folder: long, name: 'agent' });
    process.chdir(long);
    const client = connect({ path: 'agent', allowHalfOpen: true });
    client.end('question');
    assert.equal(await text(client), 'answer to question');
  } finally {
    process.chdir('/');
    server.close();
  }
  assert.equal(existsSync(join(long, 'agent')), false);
});

test('an agent that is gone hangs up on the client', async () => {
  using folder = tempFolder();
  await using _forwarded = await forwardAgent({
    agent: folder.at('none'),
    folder: folder.path,
    name: 'ours',
  });
  const client = connect(folder.at('ours'));
  client.on('error', () => {});
  assert.equal(await text(client), '');
});

test('an agent that never answers keeps nobody from ending', async () => {
  using folder = tempFolder();
  const asked = Promise.withResolvers<void>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.on('error', () => {});
    client.once('data', () => asked.resolve());
  });
  const agent = folder.at('agent');
  await new Promise<void>((resolve) => server.listen(agent, resolve));
  try {
    const forwarded = await forwardAgent({ agent, folder: folder.path, name: 'ours' });
    const client = connect(folder.at('ours'));
    client.on('error', () => {});
    client.write('question');
    await asked.promise;
    client.destroy();
    await forwarded[Symbol.asyncDispose]();
  } finally {
    server.close();
  }
});
