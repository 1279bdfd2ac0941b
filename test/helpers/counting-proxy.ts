/**
 * A slow line to a server: forwards bytes at a bounded rate and counts them, and tells when so many
 * have passed. For tests that kill one side in the middle.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const PIECE_BYTES = 32 * 1024;

export interface CountingProxy extends AsyncDisposable {
  /** host:port */
  readonly address: string;
  /** Bytes that came from the server, and that went to it, so far. */
  readonly counted: { readonly down: number; readonly up: number };
  /** Resolves when this many more have passed, both ways together. */
  after(bytes: number): Promise<void>;
}

/** `pauseMs`: after each 32 KiB. */
export async function countingProxy(target: string, pauseMs = 4): Promise<CountingProxy> {
  const counted = { down: 0, up: 0 };
  let waiting: { readonly at: number; readonly resolve: () => void }[] = [];
  const sockets = new Set<Socket>();
  const passed = (): number => counted.down + counted.up;
  const count = (way: 'down' | 'up', bytes: number): void => {
    counted[way] += bytes;
    for (const { at, resolve } of waiting) if (passed() >= at) resolve();
    waiting = waiting.filter(({ at }) => passed() < at);
  };
  const forward = async (from: Socket, to: Socket, way: 'down' | 'up'): Promise<void> => {
    for await (const chunk of from) {
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        const piece = chunk.subarray(at, at + PIECE_BYTES);
        if (to.destroyed) return;
        if (!to.write(piece)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
        count(way, piece.length);
        if (piece.length === PIECE_BYTES) await sleep(pauseMs);
      }
    }
    to.end();
  };
  const server = createServer((client) => {
    const [host = '', port = ''] = target.split(':');
    const upstream = connect(Number(port), host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    const cut = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', cut);
    forward(client, upstream, 'up').catch(cut);
    forward(upstream, client, 'down').catch(cut);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound !== 'object') throw new Error('no address');
  return {
    address: `127.0.0.1:${bound.port}`,
    counted,
    after: (bytes) => new Promise((resolve) => waiting.push({ at: passed() + bytes, resolve })),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
