/** Replies on the wire: lengths, HEAD, and streams that fail or fall short. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { SlipwayError } from '#core/errors.ts';
import { errorReply, Refusal } from '#registry/errors.ts';
import { type Reply, send } from '#registry/reply.ts';

interface Served extends AsyncDisposable {
  readonly url: string;
  readonly failures: readonly unknown[];
}

async function serve(reply: Reply): Promise<Served> {
  const failures: unknown[] = [];
  const server = createServer((request, response) => {
    send(response, reply, { isHead: request.method === 'HEAD' }).catch((error: unknown) => {
      failures.push(error);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === 'object');
  return {
    url: `http://127.0.0.1:${bound.port}/`,
    failures,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function* chunksOf(...texts: readonly (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) {
    if (text instanceof Error) throw text;
    yield Buffer.from(text);
  }
}

describe('send', () => {
  it('a text has its length in bytes; HEAD has it without the text', async () => {
    await using served = await serve({ status: 200, body: 'é' });
    for (const method of ['GET', 'HEAD']) {
      const response = await fetch(served.url, { method });
      assert.equal(response.headers.get('content-length'), '2');
      assert.equal(await response.text(), method === 'GET' ? 'é' : '');
    }
  });

  it('204 has no length', async () => {
    await using served = await serve({ status: 204 });
    assert.equal((await fetch(served.url)).headers.get('content-length'), null);
  });

  it('a stream arrives whole', async () => {
    await using served = await serve({
      status: 200,
      headers: { 'content-length': '6' },
      body: chunksOf('abc', 'def'),
    });
    assert.equal(await (await fetch(served.url)).text(), 'abcdef');
  });

  for (const [what, body] of [
    ['fails', chunksOf('abc', new Error('disk'))],
    ['falls short', chunksOf('abc')],
  ] as const) {
    it(`a stream that ${what} cuts the connection`, async () => {
      await using served = await serve({ status: 200, headers: { 'content-length': '6' }, body });
      await assert.rejects(async () => (await fetch(served.url)).text());
      assert.equal(served.failures.length, 1);
    });
  }
});

describe('errorReply', () => {
  it('a refusal says its own', () => {
    const refusal = new Refusal('NAME_INVALID', 'bad name', { detail: { name: 'X' } });
    assert.deepEqual(errorReply(refusal), {
      status: 400,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: '{"errors":[{"code":"NAME_INVALID","message":"bad name","detail":{"name":"X"}}]}\n',
    });
  });

  it('faults of the server tell the client nothing', () => {
    for (const error of [
      new Error('/secret/path'),
      new SlipwayError('STORE_BROKEN', '/secret/path is damaged'),
      new SlipwayError('DISK_FULL', 'write /secret/path: no space left on device'),
    ]) {
      const { status, body } = errorReply(error);
      assert.ok(status >= 500);
      assert.ok(!String(body).includes('/secret'));
    }
  });
});
