/** Blobs that come from an upstream while clients read them: once, as they come, whole and right or not at all. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { type Digest, digestOf } from '#core/digest.ts';
import { listening } from '#test/helpers/loopback-server.ts';
import {
  type ProxiedRegistry,
  proxiedRegistry,
  upstreamAt,
} from '#test/helpers/proxied-registry.ts';
import { temporaryRegistry } from '#test/helpers/registry.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

interface Upstream extends AsyncDisposable {
  readonly address: string;
  /** `GET range`, `HEAD`, in order. */
  readonly seen: readonly string[];
  answer: Answer;
}

/** A server that knows blobs of any repository and answers GET as the test says. */
async function upstreamOf(bytes: Uint8Array): Promise<Upstream> {
  const seen: string[] = [];
  const server = await listening(
    createServer((request, response) => {
      seen.push([request.method, request.headers.range ?? []].flat().join(' '));
      if (request.method === 'HEAD') {
        response.writeHead(200, { 'content-length': bytes.byteLength }).end();
        return;
      }
      void upstream.answer(request, response);
    }),
  );
  const upstream: Upstream = {
    ...server,
    seen,
    answer: (request, response) => whole(bytes, request, response),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return upstream;
}

/** All of it, or what Range asks for. */
function whole(bytes: Uint8Array, request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const part = bytes.subarray(from);
  response.writeHead(from === 0 ? 200 : 206, {
    'content-length': part.byteLength,
    ...(from === 0
      ? {}
      : { 'content-range': `bytes ${from}-${bytes.byteLength - 1}/${bytes.byteLength}` }),
  });
  response.end(part);
}

/** Announces all of it and sends so much; gives what sends the rest. */
function begun(bytes: Uint8Array, count: number, response: ServerResponse): () => void {
  response.writeHead(200, { 'content-length': bytes.byteLength });
  response.write(bytes.subarray(0, count));
  return () => void response.end(bytes.subarray(count));
}

function blobUrl(mirror: ProxiedRegistry, digest: Digest, name = 'up/app'): string {
  return mirror.url(`/v2/${name}/blobs/${digest}`);
}

async function bodyOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

/** Reads until so many bytes have come. */
async function readBytes(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  count: number,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (let size = 0; size < count; ) {
    const { value } = await reader.read();
    if (!value) break;
    chunks.push(value);
    size += value.byteLength;
  }
  return Buffer.concat(chunks);
}

function readerOf(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  assert.ok(response.body);
  return response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
}

function keptFiles(mirror: ProxiedRegistry): readonly string[] {
  const { blobs, partials } = mirror.store.paths;
  return [...readdirSync(`${blobs}/sha256`), ...readdirSync(partials)];
}

const SIZE = 3_000_000;

describe('a blob on its way', () => {
  it('fifty clients are one request there', async () => {
    const bytes = randomBytes(SIZE);
    const digest = digestOf(bytes);
    await using upstream = await upstreamOf(bytes);
    await using mirror = await proxiedRegistry([upstreamAt(upstream.address, 'up')]);
    const bodies = await Promise.all(
      Array.from({ length: 50 }, async () => bodyOf(await fetch(blobUrl(mirror, digest)))),
    );
    for (const body of bodies) assert.equal(digestOf(body), digest);
    assert.deepEqual(upstream.seen, ['HEAD', 'GET']);
    const figures = await mirror.metrics.text();
    assert.match(figures, new RegExp(`received_bytes_total\\{upstream="up"\\} ${SIZE}`));
    assert.match(figures, /requests_total\{upstream="up",kind="blob",result="miss"\} 1/);
  });

  it('is read while it comes, ranges of what is there already, too', async () => {
    const bytes = randomBytes(SIZE);
    const digest = digestOf(bytes);
    await using upstream = await upstreamOf(bytes);
    const rest = Promise.withResolvers<() => void>();
    upstream.answer = (_, response) => rest.resolve(begun(bytes, 2_000_000, response));
    await using mirror = await proxiedRegistry([upstreamAt(upstream.address, 'up')]);
    const first = await fetch(blobUrl(mirror, digest));
    const reader = readerOf(first);
    const head = await readBytes(reader, 1_000_000);
    assert.equal(digestOf(head), digestOf(bytes.subarray(0, head.byteLength)));
    const ranged = await fetch(blobUrl(mirror, digest), { headers: { range: 'bytes=100-199' } });
    assert.equal(ranged.status, 206);
    assert.deepEqual(await bodyOf(ranged), Buffer.from(bytes.subarray(100, 200)));
    (await rest.promise)();
    await reader.cancel();
    const last = await fetch(blobUrl(mirror, digest), { headers: { range: 'bytes=-10' } });
    assert.deepEqual(await bodyOf(last), Buffer.from(bytes.subarray(-10)));
    assert.equal(upstream.seen.filter((request) => request.startsWith('GET')).length, 1);
  });

  it('goes on when the client that asked for it leaves', async () => {
    const bytes = randomBytes(SIZE);
    const digest = digestOf(bytes);
    await using upstream = await upstreamOf(bytes);
    const rest = Promise.withResolvers<() => void>();
    upstream.answer = (_, response) => rest.resolve(begun(bytes, 1_000_000, response));
    await using mirror = await proxiedRegistry([upstreamAt(upstream.address, 'up')]);
    const reader = readerOf(await fetch(blobUrl(mirror, digest)));
    await readBytes(reader, 10);
    await reader.cancel();
    (await rest.promise)();
    assert.equal(digestOf(await bodyOf(await fetch(blobUrl(mirror, digest)))), digest);
    assert.deepEqual(upstream.seen, ['HEAD', 'GET']);
  });

  it('that breaks off there goes on where it broke off', async () => {
    const bytes = randomBytes(SIZE);
    const digest = digestOf(bytes);
    await using upstream = await upstreamOf(bytes);
    upstream.answer = (request, response) => {
      if (request.headers.range !== undefined) return whole(bytes, request, response);
      begun(bytes, 1_000_000, response);
      response.write('', () => request.socket.destroySoon());
    };
    await using mirror = await proxiedRegistry([upstreamAt(upstream.address, 'up')]);
    assert.equal(digestOf(await bodyOf(await fetch(blobUrl(mirror, digest)))), digest);
    const [, , resumed] = upstream.seen;
    assert.match(resumed ?? '', /^GET bytes=[1-9]\d*-$/);
  });

  it('of which the upstream gives no more cuts the connection, and is gone on with later', async () => {
    const bytes = randomBytes(SIZE);
    const digest = digestOf(bytes);
    await using upstream = await upstreamOf(bytes);
    upstream.answer = (request, response) => {
      if (request.headers.range !== undefined) return void response.writeHead(503).end();
      begun(bytes, 1_500_000, response);
      response.write('', () => request.socket.destroySoon());
    };
    await using mirror = await proxiedRegistry([upstreamAt(upstream.address, 'up')]);
    await assert.rejects(async () => bodyOf(await fetch(blobUrl(mirror, digest))));
    upstream.answer = (request, response) => whole(bytes, request, response);
    assert.equal(digestOf(await bodyOf(await fetch(blobUrl(mirror, digest)))), digest);
    assert.match(upstream.seen.at(-1) ?? '', /^GET bytes=[1-9]\d*-$/);
    assert.ok(mirror.log.some((line) => line.startsWith(`proxy: blob ${digest} of up/app: `)));
  });

  it('with another digest is cut before its last byte, for all, and nothing of it is kept', async () => {
    const bytes = randomBytes(SIZE);
    const digest = digestOf(bytes);
    const wrong = Buffer.from(bytes);
    wrong[SIZE - 1] = (wrong[SIZE - 1] ?? 0) ^ 1;
    await using upstream = await upstreamOf(bytes);
    upstream.answer = (request, response) => whole(wrong, request, response);
    await using mirror = await proxiedRegistry([upstreamAt(upstream.address, 'up')]);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, async () => bodyOf(await fetch(blobUrl(mirror, digest)))),
    );
    assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set(['rejected']));
    assert.deepEqual(keptFiles(mirror), []);
    upstream.answer = (request, response) => whole(bytes, request, response);
    assert.equal(digestOf(await bodyOf(await fetch(blobUrl(mirror, digest)))), digest);
  });

  for (const [what, length] of [
    ['shorter', SIZE - 1000],
    ['longer', SIZE + 1000],
  ] as const) {
    it(`that is ${what} than was said is cut, and nothing of it is kept`, async () => {
      const bytes = randomBytes(SIZE);
      const digest = digestOf(bytes);
      const other = Buffer.concat([bytes, randomBytes(1000)]).subarray(0, length);
      other[0] = (other[0] ?? 0) ^ 1;
      await using upstream = await upstreamOf(bytes);
      upstream.answer = (request, response) => whole(other, request, response);
      await using mirror = await proxiedRegistry([upstreamAt(upstream.address, 'up')]);
      await assert.rejects(async () => bodyOf(await fetch(blobUrl(mirror, digest))));
      upstream.answer = (request, response) => whole(bytes, request, response);
      // What was there of it was wrong: whoever read it is told, and the next one gets it right.
      await fetch(blobUrl(mirror, digest))
        .then(bodyOf)
        .catch(() => {});
      assert.equal(digestOf(await bodyOf(await fetch(blobUrl(mirror, digest)))), digest);
    });
  }

  for (const status of [404, 403, 429, 500]) {
    it(`that the upstream refuses with ${status} is an answer, not a cut connection`, async () => {
      const bytes = randomBytes(100);
      await using upstream = await upstreamOf(bytes);
      upstream.answer = (_, response) => void response.writeHead(status).end();
      await using mirror = await proxiedRegistry([upstreamAt(upstream.address, 'up')]);
      const response = await fetch(blobUrl(mirror, digestOf(bytes)));
      const expected = { 404: 404, 403: 404, 429: 429, 500: 502 }[status];
      assert.equal(response.status, expected);
      assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
      assert.equal(response.headers.get('etag'), null);
      assert.ok((await response.json()) instanceof Object);
    });
  }

  it('that the upstream has elsewhere comes from there, without what is for the upstream alone', async () => {
    const bytes = randomBytes(SIZE);
    const digest = digestOf(bytes);
    const headers: IncomingMessage['headers'][] = [];
    await using storage = await listening(
      createServer((request, response) => {
        headers.push(request.headers);
        whole(bytes, request, response);
      }),
    );
    await using upstream = await upstreamOf(bytes);
    upstream.answer = (_, response) =>
      void response.writeHead(307, { location: `http://${storage.address}/x?signature=1` }).end();
    await using mirror = await proxiedRegistry([upstreamAt(upstream.address, 'up')]);
    assert.equal(digestOf(await bodyOf(await fetch(blobUrl(mirror, digest)))), digest);
    assert.equal(headers.length, 1);
    assert.deepEqual([headers[0]?.via, headers[0]?.authorization], [undefined, undefined]);
  });

  for (const size of [0, 1]) {
    it(`of ${size} bytes comes like any other`, async () => {
      const bytes = randomBytes(size);
      await using upstream = await upstreamOf(bytes);
      await using mirror = await proxiedRegistry([upstreamAt(upstream.address, 'up')]);
      for (let time = 0; time < 2; time++) {
        const body = await bodyOf(await fetch(blobUrl(mirror, digestOf(bytes))));
        assert.deepEqual(body, bytes);
      }
    });
  }
});

describe('a blob that is here for another reason', () => {
  it('is shown after the upstream said that its repository has it', async () => {
    const bytes = randomBytes(1000);
    const digest = digestOf(bytes);
    await using upstream = await upstreamOf(bytes);
    await using mirror = await proxiedRegistry([upstreamAt(upstream.address, 'up')]);
    await pushBlob(mirror, 'mine/app', bytes);
    assert.equal(digestOf(await bodyOf(await fetch(blobUrl(mirror, digest)))), digest);
    assert.deepEqual(upstream.seen, ['HEAD', 'HEAD']);
  });

  it('is not there for a repository whose upstream has none', async () => {
    const bytes = randomBytes(1000);
    await using origin = await temporaryRegistry();
    await using mirror = await proxiedRegistry([upstreamAt(origin.address, 'up')]);
    await pushBlob(mirror, 'mine/app', bytes);
    const response = await fetch(blobUrl(mirror, digestOf(bytes)));
    assert.equal(response.status, 404);
    await response.body?.cancel();
  });

  it('nor while it comes for another one', async () => {
    const bytes = randomBytes(SIZE);
    const digest = digestOf(bytes);
    await using upstream = await upstreamOf(bytes);
    await using empty = await temporaryRegistry();
    const rest = Promise.withResolvers<() => void>();
    upstream.answer = (_, response) => rest.resolve(begun(bytes, 1_000_000, response));
    await using mirror = await proxiedRegistry([
      upstreamAt(upstream.address, 'up'),
      upstreamAt(empty.address, 'other'),
    ]);
    const first = fetch(blobUrl(mirror, digest));
    const finish = await rest.promise;
    const other = await fetch(blobUrl(mirror, digest, 'other/app'));
    assert.equal(other.status, 404);
    await other.body?.cancel();
    finish();
    assert.equal(digestOf(await bodyOf(await first)), digest);
  });
});

async function pushBlob(mirror: ProxiedRegistry, name: string, bytes: Uint8Array): Promise<void> {
  const url = mirror.url(`/v2/${name}/blobs/uploads/?digest=${digestOf(bytes)}`);
  assert.equal((await fetch(url, { method: 'POST', body: bytes })).status, 201);
}
