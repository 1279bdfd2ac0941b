/** The server's life: where it listens, how it ends, and what survives a cut or a restart. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '#core/digest.ts';
import { formatAccess } from '#registry/access-log.ts';
import { parseListenAddress } from '#registry/address.ts';
import { type RegistryServer, serveRegistry } from '#registry/server.ts';
import { storeProvider } from '#registry/store-provider.ts';
import { LocalStore } from '#store/local-store.ts';
import { temporaryRegistry } from '#test/helpers/registry.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const BYTES = Buffer.from('0123456789');
const DIGEST = digestOf(BYTES);

async function serveOn(address: string, allowPublic = false): Promise<RegistryServer> {
  const stack = new AsyncDisposableStack();
  const { store } = stack.use(await temporaryStore());
  const provider = stack.use(await storeProvider(store));
  try {
    const server = stack.use(await serveRegistry({ provider, address, allowPublic }));
    return { address: server.address, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function startUpload(address: string): Promise<string> {
  const response = await fetch(`http://${address}/v2/app/blobs/uploads/`, { method: 'POST' });
  return response.headers.get('location') ?? '';
}

/** Sends a request head and part of its body, and gives the open socket. */
async function beginRequest(address: string, head: readonly string[], body: Buffer) {
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host);
  await once(socket, 'connect');
  socket.write(
    `${[...head, 'host: x', `content-length: ${BYTES.byteLength}`].join('\r\n')}\r\n\r\n`,
  );
  socket.write(body);
  return socket;
}

/** The session's offset once it is `offset`, or as it stands after a while. */
async function offsetOf(address: string, location: string, offset: string): Promise<string | null> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const response = await fetch(`http://${address}${location}`);
    const range = response.headers.get('range');
    if (range === offset || attempt === 99) return range;
    await sleep(20);
  }
  return null;
}

describe('listening', () => {
  it('addresses', () => {
    assert.deepEqual(parseListenAddress('127.0.0.1:5000'), { host: '127.0.0.1', port: 5000 });
    assert.deepEqual(parseListenAddress('localhost:0'), { host: 'localhost', port: 0 });
    assert.deepEqual(parseListenAddress('[::1]:5000'), { host: '::1', port: 5000 });
    assert.deepEqual(parseListenAddress(':5000'), { host: '::', port: 5000 });
    for (const text of [
      '',
      '5000',
      'localhost',
      'a:b',
      '::1:5000',
      'x:65536',
      'x y:1',
      'http://x:1',
    ]) {
      assert.throws(() => parseListenAddress(text), { code: 'ADDRESS_INVALID' }, text);
    }
  });

  it('everything but loopback is refused, with the fix', async () => {
    for (const address of ['0.0.0.0:0', ':0', '[::]:0', '192.0.2.1:0', 'registry.example:0']) {
      await assert.rejects(serveOn(address), (error) => {
        assert.ok(error instanceof Error && 'code' in error && 'hint' in error);
        assert.equal(error.code, 'ADDRESS_INVALID');
        assert.match(String(error.hint), /registry user add NAME.*--tls self.*--allow-public/);
        return true;
      });
    }
  });

  it('unless one insists', async () => {
    await using server = await serveOn('0.0.0.0:0', true);
    assert.match(server.address, /^0\.0\.0\.0:\d+$/);
  });

  it('a taken port: ADDRESS_IN_USE in docker words', async () => {
    await using server = await serveOn('127.0.0.1:0');
    await assert.rejects(serveOn(server.address), {
      code: 'ADDRESS_IN_USE',
      message: `listen tcp ${server.address}: bind: address already in use`,
    });
  });

  it('an address of another machine: ADDRESS_INVALID', async () => {
    await assert.rejects(serveOn('192.0.2.1:0', true), {
      code: 'ADDRESS_INVALID',
      message: 'listen tcp 192.0.2.1:0: bind: cannot assign requested address',
    });
  });
});

describe('connections', () => {
  it('one connection serves many requests', async () => {
    await using registry = await temporaryRegistry();
    const [host, port] = registry.address.split(':');
    const socket = connect(Number(port), host);
    socket.setEncoding('utf8');
    let received = '';
    socket.on('data', (text: string) => {
      received += text;
    });
    for (let i = 1; i <= 3; i++) {
      socket.write('GET /v2/ HTTP/1.1\r\nhost: x\r\n\r\n');
      while (received.split('HTTP/1.1 200').length <= i) await once(socket, 'data');
    }
    socket.destroy();
    assert.equal(registry.log.filter((line) => line.includes('"GET /v2/"')).length, 3);
  });

  it('a refused body does not cost the connection its answer', async () => {
    await using registry = await temporaryRegistry();
    const body = Buffer.alloc(5 * 1024 * 1024, ' ');
    const url = registry.url('/v2/app/manifests/v1');
    const request = httpRequest(url, { method: 'PUT' });
    request.end(body);
    const [response] = await once(request, 'response');
    assert.equal(response.statusCode, 413);
    response.resume();
    await once(response, 'end');
  });
});

describe('uploads that break', () => {
  it('a cut in the middle leaves no blob, and a session to go on with', async () => {
    await using registry = await temporaryRegistry();
    const location = await startUpload(registry.address);
    const head = [`PUT ${location}?digest=${DIGEST} HTTP/1.1`];
    const socket = await beginRequest(registry.address, head, BYTES.subarray(0, 4));
    assert.equal(await offsetOf(registry.address, location, '0-3'), '0-3');
    socket.destroy();
    const blob = await fetch(registry.url(`/v2/app/blobs/${DIGEST}`));
    assert.equal(blob.status, 404);
    let closed: Response;
    do {
      // The server needs a moment to notice that the first writer is gone.
      closed = await fetch(registry.url(`${location}?digest=${DIGEST}`), {
        method: 'PUT',
        headers: { 'content-range': '4-9' },
        body: BYTES.subarray(4),
      });
      if (closed.status === 416) await sleep(20);
    } while (closed.status === 416);
    assert.equal(closed.status, 201);
    assert.equal(await (await fetch(registry.url(`/v2/app/blobs/${DIGEST}`))).text(), '0123456789');
  });

  it('a cut in a single POST leaves nothing', async () => {
    await using registry = await temporaryRegistry();
    const head = [`POST /v2/app/blobs/uploads/?digest=${DIGEST} HTTP/1.1`];
    const socket = await beginRequest(registry.address, head, BYTES.subarray(0, 4));
    socket.destroy();
    while (!registry.log.some((line) => line.includes('aborted'))) await sleep(10);
    assert.equal((await fetch(registry.url(`/v2/app/blobs/${DIGEST}`))).status, 404);
    await using lease = await registry.store.lease({ purpose: 'test' });
    assert.equal(await registry.store.blobs(lease).stat(DIGEST), undefined);
  });

  it('a session survives a restart of the server', async () => {
    using folder = tempFolder();
    const lifetime = async <T>(work: (address: string) => Promise<T>): Promise<T> => {
      await using store = await LocalStore.open({ root: folder.at('store') });
      await using provider = await storeProvider(store);
      await using server = await serveRegistry({ provider, address: '127.0.0.1:0' });
      return await work(server.address);
    };
    const headers = { connection: 'close' };
    const location = await lifetime(async (address) => {
      const started = await startUpload(address);
      const body = BYTES.subarray(0, 6);
      await fetch(`http://${address}${started}`, { method: 'PATCH', body, headers });
      return started;
    });
    await lifetime(async (address) => {
      const state = await fetch(`http://${address}${location}`, { headers });
      assert.equal(state.headers.get('range'), '0-5');
      const closed = await fetch(`http://${address}${location}?digest=${DIGEST}`, {
        method: 'PUT',
        body: BYTES.subarray(6),
        headers: { ...headers, 'content-range': '6-9' },
      });
      assert.equal(closed.status, 201);
      const blob = await fetch(`http://${address}/v2/app/blobs/${DIGEST}`, { headers });
      assert.equal(await blob.text(), '0123456789');
    });
  });

  it('a second writer of a session is refused', async () => {
    await using registry = await temporaryRegistry();
    const location = await startUpload(registry.address);
    const head = [`PATCH ${location} HTTP/1.1`];
    const socket = await beginRequest(registry.address, head, BYTES.subarray(0, 4));
    assert.equal(await offsetOf(registry.address, location, '0-3'), '0-3');
    const second = await fetch(registry.url(location), { method: 'PATCH', body: BYTES });
    assert.equal(second.status, 416);
    socket.destroy();
  });
});

describe('ending', () => {
  it('a request in progress is finished, a new one is not taken', async () => {
    const registry = await temporaryRegistry({ closeGraceMs: 10_000 });
    const location = await startUpload(registry.address);
    const head = [`PUT ${location}?digest=${DIGEST} HTTP/1.1`];
    const socket = await beginRequest(registry.address, head, BYTES.subarray(0, 4));
    assert.equal(await offsetOf(registry.address, location, '0-3'), '0-3');
    const ended = registry[Symbol.asyncDispose]();
    await assert.rejects(fetch(registry.url('/v2/')));
    socket.setEncoding('utf8');
    socket.write(BYTES.subarray(4));
    const [answer] = await once(socket, 'data');
    assert.match(answer, /^HTTP\/1\.1 201 /);
    await ended;
  });

  it('one that does not end is cut after the grace period', async () => {
    const registry = await temporaryRegistry({ closeGraceMs: 50 });
    const location = await startUpload(registry.address);
    const head = [`PATCH ${location} HTTP/1.1`];
    const socket = await beginRequest(registry.address, head, BYTES.subarray(0, 4));
    // Cut connections may show as a reset.
    const closed = new Promise((resolve) => socket.on('error', () => {}).once('close', resolve));
    await registry[Symbol.asyncDispose]();
    await closed;
  });
});

describe('large blobs', () => {
  it('a slow reader does not make the server keep the blob in memory', async () => {
    await using registry = await temporaryRegistry();
    const bytes = randomBytes(48 * 1024 * 1024);
    const digest = digestOf(bytes);
    const url = registry.url(`/v2/app/blobs/uploads/?digest=${digest}`);
    assert.equal((await fetch(url, { method: 'POST', body: bytes })).status, 201);
    const [host, port] = registry.address.split(':');
    const socket = connect(Number(port), host);
    await once(socket, 'connect');
    const before = process.memoryUsage().arrayBuffers;
    socket.pause();
    socket.write(`GET /v2/app/blobs/${digest} HTTP/1.1\r\nhost: x\r\n\r\n`);
    await sleep(300);
    const grown = process.memoryUsage().arrayBuffers - before;
    socket.destroy();
    assert.ok(grown < 16 * 1024 * 1024, `grew by ${grown} bytes`);
  });
});

describe('the access log', () => {
  const record = {
    id: 'abc-1',
    remoteAddress: '127.0.0.1',
    method: 'GET',
    url: '/v2/\u001b[31m',
    endpoint: 'base',
    user: undefined,
    status: 200,
    sentBytes: 12,
    receivedBytes: 0,
    userAgent: 'evil"\nline',
    startedAt: new Date(0),
    durationMs: 3.25,
    isAborted: false,
  } as const;

  it('one line per request, which a client cannot break', () => {
    assert.equal(
      formatAccess(record, 'combined'),
      '127.0.0.1 [1970-01-01T00:00:00.000Z] "GET /v2/ [31m" 200 12 3ms "evil\\" line" abc-1',
    );
    assert.match(formatAccess({ ...record, user: 'ana' }, 'combined'), /^127\.0\.0\.1 ana \[/);
  });

  it('or as JSON', () => {
    const line = formatAccess({ ...record, user: 'ana', isAborted: true }, 'json');
    assert.equal(line.includes('\n'), false);
    const fields = JSON.parse(line) as Record<string, unknown>;
    assert.equal(fields['http.request.uri'], record.url);
    assert.equal(fields['auth.user.name'], 'ana');
    assert.equal(fields.endpoint, 'base');
    assert.equal(fields.aborted, true);
  });

  it('a request has an id: the client’s where it makes sense, else ours', async () => {
    await using registry = await temporaryRegistry();
    const idOf = async (id?: string): Promise<string | null> => {
      const headers = id === undefined ? {} : { 'x-request-id': id };
      return (await fetch(registry.url('/v2/'), { headers })).headers.get('x-request-id');
    };
    assert.equal(await idOf('mine-1'), 'mine-1');
    const [one, two] = [await idOf(), await idOf('no such "id"')];
    assert.match(one ?? '', /^[0-9a-f]{12}-\d+$/);
    assert.match(two ?? '', /^[0-9a-f]{12}-\d+$/);
    assert.notEqual(one, two);
    assert.ok(registry.log.some((line) => line.endsWith('mine-1')));
  });
});

describe('what must not be', () => {
  it('read-only: everything that writes is refused, reading goes on', async () => {
    await using registry = await temporaryRegistry({ readOnly: true });
    for (const [method, path] of [
      ['POST', '/v2/app/blobs/uploads/'],
      ['PUT', '/v2/app/manifests/v1'],
      ['DELETE', `/v2/app/blobs/${DIGEST}`],
    ] as const) {
      const response = await fetch(registry.url(path), { method });
      assert.equal(response.status, 405, method);
      assert.match(await response.text(), /UNSUPPORTED.*read-only/);
    }
    assert.equal((await fetch(registry.url('/v2/_catalog'))).status, 200);
  });

  it('allow-delete off: DELETE is refused, pushing goes on', async () => {
    await using registry = await temporaryRegistry({ allowDelete: false });
    const deleted = await fetch(registry.url(`/v2/app/blobs/${DIGEST}`), { method: 'DELETE' });
    assert.equal(deleted.status, 405);
    const url = registry.url('/v2/app/blobs/uploads/');
    assert.equal((await fetch(url, { method: 'POST' })).status, 202);
  });
});
