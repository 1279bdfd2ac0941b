/** Sending with a source that can be opened again: what a break costs. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import type { ReadOptions } from '#core/repository.ts';
import { sendBlob } from '#remote/blob-send.ts';
import { type Connection, connect } from '#remote/connection.ts';
import { DEFAULT_RETRY } from '#remote/retry.ts';
import { openTransport } from '#remote/transport.ts';
import { collect, sampleBlob } from '#test/helpers/images.ts';
import { planAt, remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { scriptedPeer } from '#test/helpers/scripted-peer.ts';

const BYTES = Buffer.from('0123456789');
const DIGEST = digestOf(BYTES);
const BLOB = { digest: DIGEST, size: BYTES.byteLength };
const NAME = '/v2/test/app';

async function* source({
  range: { offset } = { offset: 0 },
}: ReadOptions): AsyncGenerator<Uint8Array> {
  yield BYTES.subarray(offset, offset + 3);
  yield BYTES.subarray(offset + 3);
}

const at = (id: number) => ({ location: `${NAME}/blobs/uploads/${id}` });
const begin = (id: number) =>
  ({
    method: 'POST',
    path: `${NAME}/blobs/uploads/`,
    answer: { status: 202, headers: at(id) },
  }) as const;
const closing = (id: number): string =>
  `${NAME}/blobs/uploads/${id}?digest=${encodeURIComponent(DIGEST)}`;
const session = (id: number): string => `${NAME}/blobs/uploads/${id}`;
const cancel = (id: number) =>
  ({ method: 'DELETE', path: session(id), answer: { status: 204 } }) as const;
const isBytes = (expected: Uint8Array) => (bytes: Buffer) =>
  assert.equal(bytes.toString(), Buffer.from(expected).toString());

describe('receive', () => {
  it('against our own server', async () => {
    await using registry = await temporaryRegistry();
    await using remote = remoteAt(registry.address);
    const { digest, bytes } = sampleBlob(randomBytes(6 * 1024 * 1024));
    await remote.blobs.receive(
      { digest, size: bytes.byteLength },
      async function* ({ range: { offset } = { offset: 0 } }) {
        yield bytes.subarray(offset);
      },
    );
    assert.ok((await collect(remote.blobs.read(digest))).equals(bytes));
  });

  it('after a break, only the rest is sent, from where the registry stands', async () => {
    await using peer = await scriptedPeer([
      begin(1),
      { method: 'PUT', path: closing(1), answer: { cut: 'late' } },
      {
        method: 'GET',
        path: session(1),
        answer: { status: 204, headers: { ...at(2), range: '0-3' } },
      },
      {
        method: 'PATCH',
        path: session(2),
        headers: { 'content-range': '4-9', 'content-length': '6' },
        body: isBytes(BYTES.subarray(4)),
        answer: { status: 202, headers: at(3) },
      },
      { method: 'PUT', path: closing(3), body: isBytes(Buffer.alloc(0)), answer: { status: 201 } },
    ]);
    await using remote = remoteAt(peer.address);
    await remote.blobs.receive(BLOB, source);
  });

  for (const [what, answer] of [
    ['is gone', { status: 404 }],
    ['may hold nothing or one byte', { status: 204, headers: { range: '0-0' } }],
  ] as const) {
    it(`a session that ${what}: everything anew`, async () => {
      await using peer = await scriptedPeer([
        begin(1),
        { method: 'PUT', path: closing(1), answer: { status: 503 } },
        { method: 'GET', path: session(1), answer },
        { method: 'HEAD', path: `${NAME}/blobs/${DIGEST}`, answer: { status: 404 } },
        begin(2),
        { method: 'PUT', path: closing(2), body: isBytes(BYTES), answer: { status: 201 } },
      ]);
      await using remote = remoteAt(peer.address);
      await remote.blobs.receive(BLOB, source);
    });
  }

  it('416, for the registry stands elsewhere than believed: it is asked, and the rest goes from there', async () => {
    await using peer = await scriptedPeer([
      begin(1),
      { method: 'PUT', path: closing(1), answer: { cut: 'late' } },
      {
        method: 'GET',
        path: session(1),
        answer: { status: 204, headers: { ...at(1), range: '0-3' } },
      },
      { method: 'PATCH', path: session(1), answer: { status: 416 } },
      {
        method: 'GET',
        path: session(1),
        answer: { status: 204, headers: { ...at(1), range: '0-6' } },
      },
      {
        method: 'PATCH',
        path: session(1),
        headers: { 'content-range': '7-9' },
        body: isBytes(BYTES.subarray(7)),
        answer: { status: 202, headers: at(2) },
      },
      { method: 'PUT', path: closing(2), answer: { status: 201 } },
    ]);
    await using remote = remoteAt(peer.address);
    await remote.blobs.receive(BLOB, source);
  });

  it('an answer that got lost: the blob is there', async () => {
    await using peer = await scriptedPeer([
      begin(1),
      { method: 'PUT', path: closing(1), answer: { cut: 'late' } },
      { method: 'GET', path: session(1), answer: { status: 404 } },
      { method: 'HEAD', path: `${NAME}/blobs/${DIGEST}`, answer: { status: 200, body: BYTES } },
    ]);
    await using remote = remoteAt(peer.address);
    await remote.blobs.receive(BLOB, source);
  });

  it('attempts without progress are bounded', async () => {
    const round = (id: number) =>
      [begin(id), { method: 'PUT', path: closing(id), answer: { status: 503 } }] as const;
    await using peer = await scriptedPeer([
      ...round(1),
      { method: 'GET', path: session(1), answer: { status: 404 } },
      { method: 'HEAD', path: `${NAME}/blobs/${DIGEST}`, answer: { status: 404 } },
      ...round(2),
      cancel(2),
    ]);
    await using remote = remoteAt(peer.address, { retry: { attemptsMax: 2 } });
    await assert.rejects(remote.blobs.receive(BLOB, source), { code: 'REGISTRY_REFUSED' });
  });

  it('a busy registry is given the time that it asks for, also within an upload', async () => {
    const headers = { 'retry-after': '7' };
    await using peer = await scriptedPeer([
      begin(1),
      { method: 'PUT', path: closing(1), answer: { status: 429, headers } },
      { method: 'GET', path: session(1), answer: { status: 404 } },
      { method: 'HEAD', path: `${NAME}/blobs/${DIGEST}`, answer: { status: 404 } },
      begin(2),
      { method: 'PUT', path: closing(2), body: isBytes(BYTES), answer: { status: 201 } },
    ]);
    const waited: number[] = [];
    const sleep = async (delayMs: number) => void waited.push(delayMs);
    await using remote = remoteAt(peer.address, { retry: { sleep } });
    await remote.blobs.receive(BLOB, source);
    assert.deepEqual(waited, [7000]);
  });

  it('more patience than we have: its answer stands', async () => {
    const headers = { 'retry-after': '3600' };
    await using peer = await scriptedPeer([
      begin(1),
      { method: 'PUT', path: closing(1), answer: { status: 429, headers } },
      cancel(1),
    ]);
    await using remote = remoteAt(peer.address);
    await assert.rejects(remote.blobs.receive(BLOB, source), { code: 'TOO_MANY_REQUESTS' });
  });

  it('a refused digest is not sent again', async () => {
    await using registry = await temporaryRegistry();
    await using remote = remoteAt(registry.address);
    const wrong = { digest: digestOf('other'), size: BYTES.byteLength };
    await assert.rejects(remote.blobs.receive(wrong, source), { code: 'DIGEST_MISMATCH' });
  });

  it('a source that is shorter or longer than the blob: SIZE_MISMATCH', async () => {
    await using registry = await temporaryRegistry();
    await using remote = remoteAt(registry.address);
    for (const size of [9, 11]) {
      const sending = remote.blobs.receive({ digest: DIGEST, size }, source);
      await assert.rejects(sending, { code: 'SIZE_MISMATCH' });
    }
  });

  it('an error of the source is its own, and ends it', async () => {
    await using registry = await temporaryRegistry();
    await using remote = remoteAt(registry.address);
    const failing = remote.blobs.receive(BLOB, () => remote.blobs.read(DIGEST));
    await assert.rejects(failing, { code: 'BLOB_UNKNOWN' });
  });

  it('a large blob goes in chunks, each where the last one said', async () => {
    await using peer = await scriptedPeer([
      begin(1),
      ...[0, 4, 8].map((start, i) => {
        const end = Math.min(start + 4, 10);
        return {
          method: 'PATCH',
          path: session(i + 1),
          headers: { 'content-range': `${start}-${end - 1}` },
          body: isBytes(BYTES.subarray(start, end)),
          answer: { status: 202, headers: at(i + 2) },
        };
      }),
      { method: 'PUT', path: closing(4), body: isBytes(Buffer.alloc(0)), answer: { status: 201 } },
    ]);
    await using link = connectionTo(peer.address);
    await sendBlob(link.connection, BLOB, part, { chunkBytes: 4 });
  });

  it('a registry that takes no chunks gets everything at once', async () => {
    await using peer = await scriptedPeer([
      begin(1),
      { method: 'PATCH', path: session(1), answer: { status: 405 } },
      { method: 'GET', path: session(1), answer: { status: 404 } },
      { method: 'HEAD', path: `${NAME}/blobs/${DIGEST}`, answer: { status: 404 } },
      begin(2),
      { method: 'PUT', path: closing(2), body: isBytes(BYTES), answer: { status: 201 } },
    ]);
    await using link = connectionTo(peer.address);
    await sendBlob(link.connection, BLOB, part, { chunkBytes: 4 });
  });

  describe('after the process that began ended', () => {
    const memory = (location: string | undefined) => {
      const told: (string | undefined)[] = [];
      return {
        told,
        find: () => location,
        keep: (_: unknown, next: string) => void told.push(new URL(next).pathname),
        forget: () => void told.push(undefined),
      };
    };

    for (const [what, remembers] of [
      ['an interrupt leaves the session to the next process', true],
      ['an interrupt cancels the session that nobody would know of', false],
    ] as const) {
      it(what, async () => {
        await using peer = await scriptedPeer([
          begin(1),
          {
            method: 'PATCH',
            path: session(1),
            body: isBytes(BYTES.subarray(0, 4)),
            answer: { status: 202, headers: at(2) },
          },
          ...(remembers ? [] : [cancel(2)]),
        ]);
        await using link = connectionTo(peer.address);
        const stop = new AbortController();
        const interrupted = async function* (how: ReadOptions): AsyncGenerator<Uint8Array> {
          if (how.range?.offset === 4) stop.abort();
          stop.signal.throwIfAborted();
          yield* part(how);
        };
        const kept = memory(undefined);
        const sending = sendBlob(link.connection, BLOB, interrupted, {
          ...(remembers ? { memory: kept } : {}),
          chunkBytes: 4,
          signal: stop.signal,
        });
        await assert.rejects(sending, { code: 'CANCELLED' });
        assert.equal(kept.told.at(-1), remembers ? session(2) : undefined);
      });
    }

    it('what the registry will not have: its session is cancelled, too, and forgotten', async () => {
      const said = { errors: [{ code: 'DIGEST_INVALID', message: 'other content' }] };
      await using peer = await scriptedPeer([
        begin(1),
        { method: 'PUT', path: closing(1), answer: { status: 400, body: JSON.stringify(said) } },
        cancel(1),
      ]);
      await using link = connectionTo(peer.address);
      const kept = memory(undefined);
      const sending = sendBlob(link.connection, BLOB, part, { memory: kept });
      await assert.rejects(sending, { code: 'DIGEST_MISMATCH' });
      assert.deepEqual(kept.told, [session(1), undefined]);
    });

    it('only the rest is sent', async () => {
      await using peer = await scriptedPeer([
        {
          method: 'GET',
          path: session(7),
          answer: { status: 204, headers: { ...at(8), range: '0-5' } },
        },
        {
          method: 'PATCH',
          path: session(8),
          headers: { 'content-range': '6-9' },
          body: isBytes(BYTES.subarray(6)),
          answer: { status: 202, headers: at(9) },
        },
        { method: 'PUT', path: closing(9), answer: { status: 201 } },
      ]);
      await using link = connectionTo(peer.address);
      const kept = memory(`http://${peer.address}${session(7)}`);
      await sendBlob(link.connection, BLOB, part, { memory: kept });
      assert.deepEqual(kept.told, [session(8), session(9), undefined]);
    });

    for (const [what, location, isAsked] of [
      ['a session that the registry has lost', undefined, true],
      ['a session at another host', 'http://elsewhere.example/v2/1', false],
      ['no address', 'nonsense', false],
    ] as const) {
      it(`${what}: everything anew`, async () => {
        await using peer = await scriptedPeer([
          ...(isAsked
            ? [{ method: 'GET', path: session(7), answer: { status: 404 } } as const]
            : []),
          begin(1),
          { method: 'PUT', path: closing(1), body: isBytes(BYTES), answer: { status: 201 } },
        ]);
        await using link = connectionTo(peer.address);
        const kept = memory(location ?? `http://${peer.address}${session(7)}`);
        await sendBlob(link.connection, BLOB, part, { memory: kept });
        assert.deepEqual(kept.told, [session(1), undefined]);
      });
    }
  });
});

/** As copyImage gives it. */
async function* part({ range }: ReadOptions): AsyncGenerator<Uint8Array> {
  const { offset = 0, length = BYTES.byteLength - offset } = range ?? {};
  yield BYTES.subarray(offset, offset + length);
}

function connectionTo(registry: string): AsyncDisposable & { readonly connection: Connection } {
  const transport = openTransport({ userAgent: 'test' });
  const retry = { ...DEFAULT_RETRY, sleep: async () => {} };
  const connection = connect({ plan: planAt(registry), retry }, transport.exchange);
  return { connection, [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose]() };
}
