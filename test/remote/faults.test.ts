/** The client against a peer that fails on purpose. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createTcpServer } from 'node:net';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { digestOf } from '#core/digest.ts';
import type { Event } from '#core/events.ts';
import { OCI_MANIFEST } from '#core/media-type.ts';
import { collect, imageOf, putBlob, sampleBlob } from '#test/helpers/images.ts';
import { remoteAt } from '#test/helpers/registry.ts';
import { scriptedPeer } from '#test/helpers/scripted-peer.ts';

const NAME = '/v2/test/app';
const BYTES = Buffer.from('0123456789');
const DIGEST = digestOf(BYTES);
const BLOB = `${NAME}/blobs/${DIGEST}`;
const MANIFEST = imageOf([]).manifest;
const error = (code: string, message: string): string =>
  JSON.stringify({ errors: [{ code, message }] });

describe('reading a blob', () => {
  it('goes on from where the connection broke, and is still verified', async () => {
    await using peer = await scriptedPeer([
      { method: 'GET', path: BLOB, answer: { status: 200, body: BYTES, cutAfter: 4 } },
      {
        method: 'GET',
        path: BLOB,
        headers: { range: 'bytes=4-' },
        answer: {
          status: 206,
          headers: { 'content-range': 'bytes 4-9/10' },
          body: BYTES.subarray(4),
          cutAfter: 3,
        },
      },
      {
        method: 'GET',
        path: BLOB,
        headers: { range: 'bytes=7-' },
        answer: {
          status: 206,
          headers: { 'content-range': 'bytes 7-9/10' },
          body: BYTES.subarray(7),
        },
      },
    ]);
    await using remote = remoteAt(peer.address);
    assert.deepEqual(await collect(remote.blobs.read(DIGEST)), BYTES);
  });

  it('a registry without ranges sends all again: what is known is dropped', async () => {
    await using peer = await scriptedPeer([
      { method: 'GET', path: BLOB, answer: { status: 200, body: BYTES, cutAfter: 4 } },
      { method: 'GET', path: BLOB, answer: { status: 200, body: BYTES } },
    ]);
    await using remote = remoteAt(peer.address);
    assert.deepEqual(await collect(remote.blobs.read(DIGEST)), BYTES);
  });

  it('other bytes after the break are found out at the end', async () => {
    await using peer = await scriptedPeer([
      { method: 'GET', path: BLOB, answer: { status: 200, body: BYTES, cutAfter: 4 } },
      {
        method: 'GET',
        path: BLOB,
        answer: { status: 206, headers: { 'content-range': 'bytes 4-9/10' }, body: 'XXXXXX' },
      },
    ]);
    await using remote = remoteAt(peer.address);
    await assert.rejects(collect(remote.blobs.read(DIGEST)), { code: 'DIGEST_MISMATCH' });
  });

  it('a 206 for another place is refused', async () => {
    await using peer = await scriptedPeer([
      {
        method: 'GET',
        path: BLOB,
        answer: { status: 206, headers: { 'content-range': 'bytes 0-9/10' }, body: BYTES },
      },
    ]);
    await using remote = remoteAt(peer.address);
    const read = collect(remote.blobs.read(DIGEST, { range: { offset: 4 } }));
    await assert.rejects(read, { code: 'REGISTRY_PROTOCOL' });
  });

  it('gives up after a bounded number of attempts without progress', async () => {
    const cut = { method: 'GET', path: BLOB, answer: { cut: 'late' } } as const;
    await using peer = await scriptedPeer(Array.from({ length: 3 }, () => cut));
    await using remote = remoteAt(peer.address, { retry: { attemptsMax: 3 } });
    await assert.rejects(collect(remote.blobs.read(DIGEST)), { code: 'REGISTRY_UNREACHABLE' });
  });

  it('breaks within the body count, too: so many requests and no more', async () => {
    const cut = { status: 200, body: BYTES, cutAfter: 4 } as const;
    const later = { headers: { 'content-range': 'bytes 4-9/10' }, body: BYTES.subarray(4) };
    await using peer = await scriptedPeer([
      { method: 'GET', path: BLOB, answer: cut },
      ...Array.from({ length: 2 }, () => ({
        method: 'GET',
        path: BLOB,
        answer: { status: 206, ...later, cutAfter: 0 },
      })),
    ]);
    await using remote = remoteAt(peer.address, { retry: { attemptsMax: 3 } });
    await assert.rejects(collect(remote.blobs.read(DIGEST)), { code: 'REGISTRY_UNREACHABLE' });
  });

  it('500 without end: as many requests as attempts, not their square', async () => {
    const broken = { method: 'GET', path: BLOB, answer: { status: 500 } } as const;
    await using peer = await scriptedPeer(Array.from({ length: 4 }, () => broken));
    await using remote = remoteAt(peer.address, { retry: { attemptsMax: 4 } });
    await assert.rejects(collect(remote.blobs.read(DIGEST)), { code: 'REGISTRY_REFUSED' });
  });

  it('a wrong digest: DIGEST_MISMATCH after the last byte', async () => {
    await using peer = await scriptedPeer([
      { method: 'GET', path: BLOB, answer: { status: 200, body: 'something else' } },
    ]);
    await using remote = remoteAt(peer.address);
    await assert.rejects(collect(remote.blobs.read(DIGEST)), { code: 'DIGEST_MISMATCH' });
  });
});

describe('a blob that somebody on the way compressed', () => {
  const plain = Buffer.from('0123456789'.repeat(500));
  const digest = digestOf(plain);
  const path = `${NAME}/blobs/${digest}`;
  const encoded = gzipSync(plain);
  const headers = { 'content-encoding': 'gzip' };

  it('is asked for as it is, and decoded all the same', async () => {
    await using peer = await scriptedPeer([
      {
        method: 'GET',
        path,
        headers: { 'accept-encoding': 'identity' },
        answer: { status: 200, headers, body: encoded },
      },
    ]);
    await using remote = remoteAt(peer.address);
    assert.deepEqual(await collect(remote.blobs.read(digest)), plain);
  });

  it('parts would be those of the encoded bytes: the whole is asked for, and cut here', async () => {
    const part = { ...headers, 'content-range': `bytes 4000-5000/${encoded.byteLength}` };
    await using peer = await scriptedPeer([
      { method: 'GET', path, answer: { status: 206, headers: part, body: 'x' } },
      {
        method: 'GET',
        path,
        headers: { range: null },
        answer: { status: 200, headers, body: encoded },
      },
    ]);
    await using remote = remoteAt(peer.address);
    const wanted = { size: plain.byteLength, range: { offset: 4000 } };
    const read = collect(remote.blobs.read(digest, wanted));
    assert.deepEqual(await read, plain.subarray(4000));
  });

  it('a layer that is itself gzip and only labelled so stays as it is', async () => {
    const layer = digestOf(encoded);
    await using peer = await scriptedPeer([
      {
        method: 'GET',
        path: `${NAME}/blobs/${layer}`,
        answer: { status: 200, headers, body: encoded },
      },
    ]);
    await using remote = remoteAt(peer.address);
    assert.deepEqual(
      await collect(remote.blobs.read(layer, { size: encoded.byteLength })),
      encoded,
    );
  });

  it('what is no gzip is a fault of the way, not of the blob', async () => {
    await using peer = await scriptedPeer([
      { method: 'GET', path, answer: { status: 200, headers, body: 'no gzip' } },
    ]);
    await using remote = remoteAt(peer.address);
    await assert.rejects(collect(remote.blobs.read(digest)), { code: 'REGISTRY_PROTOCOL' });
  });
});

describe('a part and nothing else', () => {
  it('a registry without ranges gives nothing', async () => {
    await using peer = await scriptedPeer([
      { method: 'GET', path: BLOB, answer: { status: 200, body: BYTES } },
    ]);
    await using remote = remoteAt(peer.address);
    const read = remote.blobs.read(DIGEST, { exact: true, range: { offset: 4, length: 3 } });
    assert.equal((await collect(read)).byteLength, 0);
  });
});

describe('retrying', () => {
  it('429 waits as long as Retry-After says, and tells', async () => {
    await using peer = await scriptedPeer([
      { method: 'HEAD', path: BLOB, answer: { status: 429, headers: { 'retry-after': '7' } } },
      { method: 'HEAD', path: BLOB, answer: { status: 200, body: BYTES } },
    ]);
    const waited: number[] = [];
    const events: Event[] = [];
    await using remote = remoteAt(peer.address, {
      retry: { sleep: async (delayMs) => void waited.push(delayMs) },
      events: (event) => void events.push(event),
    });
    assert.deepEqual(await remote.blobs.stat(DIGEST), { digest: DIGEST, size: 10 });
    assert.deepEqual(waited, [7000]);
    assert.deepEqual(events, [
      { kind: 'note', level: 'info', text: `${peer.address}: retrying in 7 seconds` },
    ]);
  });

  it('a Retry-After beyond patience is reported instead', async () => {
    await using peer = await scriptedPeer([
      {
        method: 'GET',
        path: `${NAME}/manifests/v1`,
        answer: {
          status: 429,
          headers: { 'retry-after': '3600' },
          body: error('TOOMANYREQUESTS', 'pull rate limit'),
        },
      },
    ]);
    await using remote = remoteAt(peer.address);
    await assert.rejects(remote.getManifest('v1'), {
      code: 'TOO_MANY_REQUESTS',
      message: 'toomanyrequests: pull rate limit',
    });
  });

  it('500, 503 and a cut are tried again; a manifest PUT too', async () => {
    const put = { method: 'PUT', path: `${NAME}/manifests/v1` } as const;
    const whole = (bytes: Buffer): void => assert.deepEqual(bytes, Buffer.from(MANIFEST.bytes));
    await using peer = await scriptedPeer([
      { ...put, answer: { status: 500 } },
      { ...put, answer: { status: 503 } },
      { ...put, answer: { cut: 'late' } },
      { ...put, body: whole, answer: { status: 201 } },
    ]);
    await using remote = remoteAt(peer.address);
    await remote.putManifest(MANIFEST, { tag: 'v1' });
  });

  it('the pauses double, jittered, up to a bound; attempts are bounded', async () => {
    const busy = { method: 'HEAD', path: BLOB, answer: { status: 503 } } as const;
    await using peer = await scriptedPeer(Array.from({ length: 6 }, () => busy));
    const waited: number[] = [];
    await using remote = remoteAt(peer.address, {
      retry: {
        attemptsMax: 6,
        firstDelayMs: 100,
        delayMsMax: 500,
        random: () => 0.5,
        sleep: async (delayMs) => void waited.push(delayMs),
      },
    });
    await assert.rejects(remote.blobs.stat(DIGEST), { code: 'REGISTRY_REFUSED' });
    assert.deepEqual(waited, [50, 100, 200, 250, 250]);
  });

  it('404 and 400 are not tried again', async () => {
    await using peer = await scriptedPeer([
      { method: 'HEAD', path: BLOB, answer: { status: 404 } },
      { method: 'HEAD', path: BLOB, answer: { status: 400 } },
    ]);
    await using remote = remoteAt(peer.address);
    assert.equal(await remote.blobs.stat(DIGEST), undefined);
    await assert.rejects(remote.blobs.stat(DIGEST), { code: 'REGISTRY_REFUSED' });
  });

  it('an abort ends the waiting', async () => {
    await using peer = await scriptedPeer([
      { method: 'HEAD', path: BLOB, answer: { status: 429, headers: { 'retry-after': '30' } } },
    ]);
    const abort = new AbortController();
    await using remote = remoteAt(peer.address, {
      retry: {
        sleep: async (_delayMs, signal) => {
          abort.abort();
          signal?.throwIfAborted();
        },
      },
    });
    await assert.rejects(remote.blobs.stat(DIGEST, { signal: abort.signal }));
  });
});

describe('uploading', () => {
  const session = { status: 202, headers: { location: `${NAME}/blobs/uploads/1?state=a` } };
  const begin = { method: 'POST', path: `${NAME}/blobs/uploads/`, answer: session } as const;
  const close = `${NAME}/blobs/uploads/1?state=a&digest=${encodeURIComponent(DIGEST)}`;

  it('a small blob is sent again when the connection breaks', async () => {
    const whole = (bytes: Buffer): void => assert.deepEqual(bytes, BYTES);
    await using peer = await scriptedPeer([
      begin,
      { method: 'PUT', path: close, answer: { cut: 'late' } },
      { method: 'PUT', path: close, body: whole, answer: { status: 201 } },
    ]);
    await using remote = remoteAt(peer.address);
    await putBlob(remote.blobs, { digest: DIGEST, bytes: BYTES });
  });

  it('an answer that was lost: the session is gone, the blob is there', async () => {
    await using peer = await scriptedPeer([
      begin,
      { method: 'PUT', path: close, answer: { cut: 'late' } },
      {
        method: 'PUT',
        path: close,
        answer: { status: 404, body: error('BLOB_UPLOAD_UNKNOWN', 'gone') },
      },
      { method: 'HEAD', path: BLOB, answer: { status: 200, body: BYTES } },
    ]);
    await using remote = remoteAt(peer.address);
    await putBlob(remote.blobs, { digest: DIGEST, bytes: BYTES });
  });

  it('a refusal in the middle of a stream reaches the writer', async () => {
    const blob = sampleBlob(randomBytes(6 * 1024 * 1024));
    await using peer = await scriptedPeer([
      begin,
      { method: 'PUT', path: /^\/v2\/test\/app\/blobs\/uploads\/1/, answer: { cut: 'early' } },
      { method: 'DELETE', path: `${NAME}/blobs/uploads/1?state=a`, answer: { status: 204 } },
    ]);
    await using remote = remoteAt(peer.address);
    await assert.rejects(putBlob(remote.blobs, blob), { code: 'REGISTRY_UNREACHABLE' });
  });

  it('a registry that stored something else is not believed', async () => {
    await using peer = await scriptedPeer([
      begin,
      {
        method: 'PUT',
        path: close,
        answer: { status: 201, headers: { 'docker-content-digest': digestOf('other') } },
      },
      { method: 'DELETE', path: `${NAME}/blobs/uploads/1?state=a`, answer: { status: 404 } },
    ]);
    await using remote = remoteAt(peer.address);
    const blob = { digest: DIGEST, bytes: BYTES };
    await assert.rejects(putBlob(remote.blobs, blob), { code: 'DIGEST_MISMATCH' });
  });

  it('no Location: REGISTRY_PROTOCOL', async () => {
    await using peer = await scriptedPeer([{ ...begin, answer: { status: 202 } }]);
    await using remote = remoteAt(peer.address);
    const blob = { digest: DIGEST, bytes: BYTES };
    await assert.rejects(putBlob(remote.blobs, blob), { code: 'REGISTRY_PROTOCOL' });
  });
});

describe('manifests', () => {
  const path = `${NAME}/manifests/v1`;
  const headers = { 'content-type': OCI_MANIFEST };

  it('a HEAD without a digest is followed by a GET', async () => {
    await using peer = await scriptedPeer([
      { method: 'HEAD', path, answer: { status: 200, headers, body: MANIFEST.bytes } },
      { method: 'GET', path, answer: { status: 200, headers, body: MANIFEST.bytes } },
    ]);
    await using remote = remoteAt(peer.address);
    assert.deepEqual(await remote.resolve('v1'), {
      mediaType: OCI_MANIFEST,
      digest: MANIFEST.digest,
      size: MANIFEST.bytes.byteLength,
    });
  });

  it('bytes that do not hash to the digest asked for or stated are refused', async () => {
    const stated = { ...headers, 'docker-content-digest': digestOf('other') };
    const wrong = digestOf('wrong');
    await using peer = await scriptedPeer([
      { method: 'GET', path, answer: { status: 200, headers: stated, body: MANIFEST.bytes } },
      {
        method: 'GET',
        path: `${NAME}/manifests/${wrong}`,
        answer: { status: 200, headers, body: MANIFEST.bytes },
      },
    ]);
    await using remote = remoteAt(peer.address);
    await assert.rejects(remote.getManifest('v1'), { code: 'DIGEST_MISMATCH' });
    await assert.rejects(remote.getManifest(wrong), { code: 'DIGEST_MISMATCH' });
  });

  it('more than 4 MiB is refused', async () => {
    const body = Buffer.alloc(4 * 1024 * 1024 + 1, ' ');
    await using peer = await scriptedPeer([
      { method: 'GET', path, answer: { status: 200, headers, body } },
    ]);
    await using remote = remoteAt(peer.address);
    await assert.rejects(remote.getManifest('v1'), { code: 'MANIFEST_INVALID' });
  });

  it('tags over several pages, sorted whatever the registry does', async () => {
    const list = (...tags: string[]): string => JSON.stringify({ name: 'test/app', tags });
    await using peer = await scriptedPeer([
      {
        method: 'GET',
        path: `${NAME}/tags/list`,
        answer: {
          status: 200,
          headers: { link: `<${NAME}/tags/list?last=a&n=2>; rel="next"` },
          body: list('c', 'a'),
        },
      },
      {
        method: 'GET',
        path: `${NAME}/tags/list?last=a&n=2`,
        answer: { status: 200, body: list('B') },
      },
    ]);
    await using remote = remoteAt(peer.address);
    assert.deepEqual(await Array.fromAsync(remote.tags()), ['B', 'a', 'c']);
  });

  it('a next page on another host is refused', async () => {
    await using peer = await scriptedPeer([
      {
        method: 'GET',
        path: `${NAME}/tags/list`,
        answer: {
          status: 200,
          headers: { link: '<http://elsewhere.example/v2/x/tags/list>; rel="next"' },
          body: '{"tags":[]}',
        },
      },
    ]);
    await using remote = remoteAt(peer.address);
    await assert.rejects(Array.fromAsync(remote.tags()), { code: 'REGISTRY_PROTOCOL' });
  });

  const tagged = (query: string) => `${NAME}/manifests/${MANIFEST.digest}${query}`;

  it('several tags: in one request where the registry takes them', async () => {
    await using peer = await scriptedPeer([
      {
        method: 'PUT',
        path: tagged('?tag=a&tag=b'),
        answer: { status: 201, headers: { 'oci-tag': ['a', 'b'] } },
      },
    ]);
    await using remote = remoteAt(peer.address);
    await remote.setTags(MANIFEST, ['a', 'b']);
  });

  it('several tags: one by one where it does not, or not all', async () => {
    const put = (tag: string) =>
      ({ method: 'PUT', path: `${NAME}/manifests/${tag}`, answer: { status: 201 } }) as const;
    await using peer = await scriptedPeer([
      { method: 'PUT', path: tagged('?tag=a&tag=b'), answer: { status: 201 } },
      put('a'),
      put('b'),
      {
        method: 'PUT',
        path: tagged('?tag=c&tag=d'),
        answer: { status: 201, headers: { 'oci-tag': 'c' } },
      },
      put('d'),
      put('e'),
    ]);
    await using remote = remoteAt(peer.address);
    await remote.setTags(MANIFEST, ['a', 'b']);
    await remote.setTags(MANIFEST, ['c', 'd']);
    await remote.setTags(MANIFEST, ['e']);
  });

  it('a registry that does not delete: REGISTRY_REFUSED with its words', async () => {
    await using peer = await scriptedPeer([
      {
        method: 'DELETE',
        path,
        answer: { status: 405, body: error('UNSUPPORTED', 'The operation is unsupported.') },
      },
    ]);
    await using remote = remoteAt(peer.address);
    await assert.rejects(remote.deleteTag('v1'), {
      code: 'REGISTRY_REFUSED',
      message: 'unsupported: The operation is unsupported.',
    });
  });

  it('an error page of a proxy is an unexpected status', async () => {
    await using peer = await scriptedPeer([
      { method: 'GET', path, answer: { status: 418, body: '<html>no</html>' } },
    ]);
    await using remote = remoteAt(peer.address);
    await assert.rejects(remote.getManifest('v1'), {
      code: 'REGISTRY_REFUSED',
      message: 'received unexpected HTTP status: 418',
    });
  });
});

describe('below HTTP', () => {
  it('nobody listens: docker’s words and the address', async () => {
    const server = createTcpServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    assert.ok(bound !== null && typeof bound === 'object');
    server.close();
    await once(server, 'close');
    const address = `127.0.0.1:${bound.port}`;
    await using remote = remoteAt(address);
    await assert.rejects(remote.resolve('v1'), {
      code: 'REGISTRY_UNREACHABLE',
      message: `Head "http://${address}/v2/test/app/manifests/v1": dial tcp ${address}: connect: connection refused`,
      hint: `nothing listens on ${address}: start the registry, or check host and port`,
    });
  });

  it('something that is no HTTP', async () => {
    const server = createTcpServer((socket) => socket.end('hello\r\n')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    assert.ok(bound !== null && typeof bound === 'object');
    await using remote = remoteAt(`127.0.0.1:${bound.port}`);
    await assert.rejects(remote.resolve('v1'), {
      code: 'REGISTRY_UNREACHABLE',
      message: /malformed HTTP response$/,
    });
    server.close();
  });
});

describe('warnings', () => {
  it('each text is passed on once', async () => {
    const headers = { warning: '299 - "disk nearly full", 299 - "tag expires"' };
    await using peer = await scriptedPeer([
      { method: 'HEAD', path: BLOB, answer: { status: 404, headers } },
      { method: 'HEAD', path: BLOB, answer: { status: 404, headers } },
    ]);
    const events: Event[] = [];
    await using remote = remoteAt(peer.address, { events: (event) => void events.push(event) });
    await remote.blobs.stat(DIGEST);
    await remote.blobs.stat(DIGEST);
    assert.deepEqual(
      events.map((event) => (event.kind === 'note' ? event.text : event.kind)),
      [`${peer.address}: disk nearly full`, `${peer.address}: tag expires`],
    );
  });
});
