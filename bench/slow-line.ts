/**
 * Pull and push over a line of 20 Mbit/s and 50 ms there and back, against the line's own floor: the
 * bytes by its rate. With a loss of one in a hundred packets a TCP connection gets about 2.8 Mbit/s
 * of it, whatever the line has (MSS / RTT · 1.22 / √loss); that is imitated by a bound for each connection.
 * The line is a program between the two, so that no privilege and no kernel module is needed.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveRegistry } from '#registry/server.ts';
import { storeProvider } from '#registry/store-provider.ts';
import { LocalStore } from '#store/local-store.ts';
import { refusalOf, run, SLIPWAY } from './programs.ts';
import { makeArchive } from './sample-archive.ts';

const LINE_BYTES_PER_MS = 20_000_000 / 8 / 1000;
const CONNECTION_BYTES_PER_MS = 2_850_000 / 8 / 1000;
const DELAY_MS = 25;
const PIECE_BYTES = 16 * 1024;

export async function slowLine(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  await using held = new AsyncDisposableStack();
  held.defer(() => rmSync(folder, { recursive: true, force: true }));
  const rows: string[] = [];
  for (const isLossy of [false, true]) {
    // A registry for each: one that has the blobs would mount them.
    const root = join(folder, `registry-${isLossy}`);
    await using store = await LocalStore.open({ root });
    await using provider = await storeProvider(store);
    await using server = await serveRegistry({ provider, address: '127.0.0.1:0' });
    await using line = await openLine(server.address, isLossy);
    const name = `${line.address}/bench/${isLossy ? 'lossy' : 'clean'}:1`;
    const archive = makeArchive(folder, { name, layers: 2, layerBytes: 40_000_000 });
    const ours = join(folder, `ours-${isLossy}`);
    await run(SLIPWAY, ['--root', ours, 'load', '-i', archive]);
    const what = isLossy ? ', 1 % loss' : '';
    rows.push(await timed(line, `slipway push${what}`, ['--root', ours, 'push', name]));
    const fresh = join(folder, `fresh-${isLossy}`);
    rows.push(await timed(line, `slipway pull${what}`, ['--root', fresh, 'pull', name]));
    if (refusalOf('skopeo', ['--version']) !== undefined) continue;
    const copy = ['--insecure-policy', 'copy', '-q', '--src-tls-verify=false', `docker://${name}`];
    const to = `dir:${join(folder, `skopeo-${isLossy}`)}`;
    rows.push(await timed(line, `skopeo copy${what}`, [...copy, to], 'skopeo'));
  }
  return ['| | seconds | floor | to the floor |', '| --- | ---: | ---: | ---: |', ...rows, ''].join(
    '\n',
  );
}

async function timed(
  line: Line,
  name: string,
  args: readonly string[],
  program: string = SLIPWAY,
): Promise<string> {
  const before = line.passed();
  const begin = performance.now();
  await run(program, args);
  const ms = performance.now() - begin;
  const floorMs = (line.passed() - before) / LINE_BYTES_PER_MS;
  return `| ${name} | ${(ms / 1000).toFixed(1)} | ${(floorMs / 1000).toFixed(1)} | ${(ms / floorMs).toFixed(2)} |`;
}

interface Line extends AsyncDisposable {
  readonly address: string;
  /** Bytes so far, both ways. */
  readonly passed: () => number;
}

/** When the next piece may leave, at a rate. */
class Rate {
  readonly #bytesPerMs: number;
  #freeAtMs = 0;

  constructor(bytesPerMs: number) {
    this.#bytesPerMs = bytesPerMs;
  }

  /** Reserves the time for a piece and gives its end. */
  take(bytes: number): number {
    this.#freeAtMs = Math.max(this.#freeAtMs, performance.now()) + bytes / this.#bytesPerMs;
    return this.#freeAtMs;
  }
}

async function openLine(target: string, isLossy: boolean): Promise<Line> {
  const [host = '', port = ''] = target.split(':');
  const down = new Rate(LINE_BYTES_PER_MS);
  const up = new Rate(LINE_BYTES_PER_MS);
  let passed = 0;
  const forward = async (from: Socket, to: Socket, line: Rate): Promise<void> => {
    const own = new Rate(isLossy ? CONNECTION_BYTES_PER_MS : LINE_BYTES_PER_MS);
    let arriving: Promise<void> = Promise.resolve();
    for await (const chunk of from) {
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        const piece = chunk.subarray(at, at + PIECE_BYTES);
        passed += piece.length;
        const leavesMs = Math.max(own.take(piece.length), line.take(piece.length));
        // The delay does not hold up what comes behind.
        arriving = arriving.then(async () => {
          await sleep(Math.max(0, leavesMs + DELAY_MS - performance.now()));
          to.write(piece);
        });
        await sleep(Math.max(0, leavesMs - performance.now()));
      }
    }
    await arriving;
    to.end();
  };
  const server = createServer((client) => {
    const upstream = connect(Number(port), host);
    const cut = (): void => {
      client.destroy();
      upstream.destroy();
    };
    client.on('error', cut);
    upstream.on('error', cut);
    forward(client, upstream, up).catch(cut);
    forward(upstream, client, down).catch(cut);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound !== 'object') throw new Error('no address');
  return {
    address: `localhost:${bound.port}`,
    passed: () => passed,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}
