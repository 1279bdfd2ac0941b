/** A socket of our own before an ssh agent's: with the owner and mode that the step asked for. */
import { closeSync, constants, openSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';

export interface Agent {
  /** The agent's socket. */
  readonly agent: string;
  /** The folder ours shall be in, under the name of `name`. */
  readonly folder: string;
  readonly name: string;
}

/** Listens until it is disposed. */
export async function forwardAgent({ agent, folder, name }: Agent): Promise<AsyncDisposable> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const peer = connect({ path: agent, allowHalfOpen: true });
    for (const socket of [client, peer]) {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
    }
    // Who hangs up, or an agent that is gone, ends both sides; the client says what it makes of it.
    peer.on('error', () => client.destroy());
    client.on('error', () => peer.destroy());
    client.pipe(peer).pipe(client);
  });
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  // The address of a socket has 107 bytes, which folders of a store are longer than.
  const directory = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  server.listen(`/proc/self/fd/${directory}/${name}`, listening.resolve);
  try {
    await listening.promise;
  } catch (error) {
    closeSync(directory);
    throw error;
  }
  return {
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      // The step has ended: nobody waits for what an agent has still not answered.
      for (const socket of open) socket.destroy();
      await closed.promise;
      closeSync(directory);
    },
  };
}
