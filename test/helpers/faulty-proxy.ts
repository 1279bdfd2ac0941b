/** A proxy on loopback in front of a registry that can be told to fail: with a status, a cut, or for good. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a request; a number is the status of the answer. */
export type Fault = 'pass' | 'cut' | 'cut-body' | 'slow' | 'silent' | number;

export interface FaultyProxy extends AsyncDisposable {
  /** host:port */
  readonly address: string;
  /** `GET /v2/… fault`, in order. */
  readonly seen: string[];
  /** Decides about each request. */
  decide: (method: string, path: string) => Fault;
  /** host:port of the registry behind it. */
  target: string;
  /** Nobody listens any more. */
  die(): Promise<void>;
}

/** In front of `target`, host:port. */
export async function faultyProxy(target: string): Promise<FaultyProxy> {
  const server = createServer((incoming, answer) => serve(proxy, incoming, answer));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  let isOpen = true;
  const die = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  };
  const proxy: FaultyProxy = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    decide: () => 'pass',
    target,
    die,
    [Symbol.asyncDispose]: die,
  };
  return proxy;
}

function serve(proxy: FaultyProxy, incoming: IncomingMessage, answer: ServerResponse): void {
  const { method = 'GET', url = '/' } = incoming;
  const fault = proxy.decide(method, url);
  proxy.seen.push(`${method} ${url} ${fault}`);
  if (fault === 'cut') return void incoming.socket.destroy();
  if (fault === 'silent') return;
  if (typeof fault === 'number') {
    incoming.resume();
    answer.statusCode = fault;
    return void answer.end('{"errors":[]}');
  }
  const [host, port] = proxy.target.split(':');
  const headers = { ...incoming.headers, host: proxy.address };
  const outgoing = request({ host, port, method, path: url, headers }, (response) => {
    answer.writeHead(response.statusCode ?? 500, response.headers);
    if (fault === 'cut-body') {
      response.once('data', (chunk: Buffer) => {
        answer.write(chunk.subarray(0, chunk.byteLength / 2), () => incoming.socket.destroy());
      });
      return;
    }
    if (fault === 'slow') setTimeout(() => response.pipe(answer), 300);
    else response.pipe(answer);
  });
  outgoing.on('error', () => incoming.socket.destroy());
  answer.on('close', () => void outgoing.destroy());
  incoming.pipe(outgoing);
}
