/**
 * A peer that follows a script: each entry is the request expected next and what happens then. An
 * unexpected request fails the test, and so does a script not played to its end. For faults that no
 * honest server can be made to show.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface ScriptedExchange {
  readonly method: string;
  /** With the query, exactly. */
  readonly path: string | RegExp;
  /** Headers that must be there with exactly this value; `null`: must not be there. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** Checked against the whole body received. */
  readonly body?: (bytes: Buffer) => void;
  readonly answer: ScriptedAnswer;
}

export type ScriptedAnswer =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string | string[]>>;
      readonly body?: string | Uint8Array;
      /** Announces the whole body, sends this many bytes and cuts the connection. */
      readonly cutAfter?: number;
    }
  /** Cuts the connection without an answer; `early`: before the body was read. */
  | { readonly cut: 'early' | 'late' };

export interface ScriptedPeer extends AsyncDisposable {
  /** host:port */
  readonly address: string;
  /** Method and path of every request so far. */
  readonly seen: readonly string[];
}

/** Disposing checks that the script was played to its end and that nothing failed on the way. */
export async function scriptedPeer(
  script: readonly ScriptedExchange[],
  options: {
    /** The script names the peer's own address, so it is added to before the first request. */
    readonly isFilledLater?: boolean;
  } = {},
): Promise<ScriptedPeer> {
  let rest = options.isFilledLater ? undefined : [...script];
  const seen: string[] = [];
  const failures: unknown[] = [];
  const server = createServer((request, response) => {
    const told = `${request.method} ${request.url}`;
    seen.push(told);
    rest ??= [...script];
    play(rest.shift(), request, response).catch((error: unknown) => {
      failures.push(error);
      response.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === 'object');
  return {
    address: `127.0.0.1:${bound.port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      if (failures.length > 0) throw failures[0];
      assert.deepEqual(
        (rest ?? script).map(({ method, path }) => `${method} ${path}`),
        [],
        'requests that never came',
      );
    },
  };
}

async function play(
  expected: ScriptedExchange | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  assert.ok(expected, `unexpected request ${request.method} ${request.url}`);
  assert.equal(request.method, expected.method, `${request.method} ${request.url}`);
  if (typeof expected.path === 'string') assert.equal(request.url, expected.path);
  else assert.match(request.url ?? '', expected.path);
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    assert.equal(request.headers[name] ?? null, value, `header ${name} of ${request.url}`);
  }
  const { answer } = expected;
  if ('cut' in answer && answer.cut === 'early') {
    request.socket.destroy();
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  expected.body?.(Buffer.concat(chunks));
  if ('cut' in answer) request.socket.destroy();
  else reply(answer, request, response);
}

function reply(
  answer: Exclude<ScriptedAnswer, { cut: unknown }>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const body = Buffer.from(answer.body ?? '');
  const length = { 'content-length': String(body.byteLength) };
  response.writeHead(answer.status, { ...length, ...answer.headers });
  if (request.method === 'HEAD') {
    response.end();
  } else if (answer.cutAfter === undefined) {
    response.end(body);
  } else {
    response.write(body.subarray(0, answer.cutAfter), () => request.socket.destroy());
  }
}
