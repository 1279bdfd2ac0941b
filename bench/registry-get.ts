/**
 * Getting one manifest from our registry again and again over kept-alive connections, against a
 * bare node:http server in a process of its own that sends the same bytes and headers from memory.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { measure, table } from './measure.ts';
import { run, SLIPWAY } from './programs.ts';

const REQUESTS = 2000;
const CONNECTIONS = 16;
const MEDIA_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const MANIFEST_PATH = '/v2/bench/manifests/1';

export async function registryGet(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  await using servers = new AsyncDisposableStack();
  servers.defer(() => rmSync(folder, { recursive: true, force: true }));
  const start = async (program: string, args: readonly string[]): Promise<string> => {
    const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    servers.defer(() => stop(server));
    return await addressOf(server.stdout);
  };
  const ours = await start(SLIPWAY, [
    ...['--root', join(folder, 'served'), 'registry', 'serve', '--addr', '127.0.0.1:0'],
  ]);
  await pushImage(folder, ours);
  const manifest = await body(`${ours}${MANIFEST_PATH}`);
  const bare = await start(process.execPath, ['-e', BARE_SERVER, manifest, MEDIA_TYPE]);
  const timings = await measure([
    { name: 'bare node:http', run: () => requests(`${bare}${MANIFEST_PATH}`) },
    { name: 'slipway registry serve', run: () => requests(`${ours}${MANIFEST_PATH}`) },
  ]);
  return `${REQUESTS} requests over ${CONNECTIONS} connections, the client in this process.\n\n${table(timings, 'bare node:http')}`;
}

const BARE_SERVER = `
const [manifest, type] = process.argv.slice(1);
const headers = { 'content-type': type, 'content-length': Buffer.byteLength(manifest) };
const server = require('node:http').createServer((request, response) => {
  response.writeHead(200, headers).end(manifest);
});
server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port));
`;

async function addressOf(stdout: Readable): Promise<string> {
  for await (const line of createInterface(stdout)) {
    const address = /http:\/\/\S+/.exec(line)?.[0];
    if (address !== undefined) return address;
  }
  throw new Error('the server ended without an address');
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await ended;
}

async function pushImage(folder: string, registry: string): Promise<void> {
  const context = join(folder, 'context');
  mkdirSync(context);
  copyFileSync(import.meta.filename, join(context, 'file'));
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY file /file\n');
  const name = `${registry.slice('http://'.length)}/bench:1`;
  const store = ['--root', join(folder, 'built')];
  await run(SLIPWAY, [...store, 'build', '-t', name, context]);
  await run(SLIPWAY, [...store, 'push', name]);
}

async function requests(url: string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  let left = REQUESTS;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (left-- > 0) await body(url, agent);
    }),
  );
  agent.destroy();
}

function body(url: string, agent?: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { headers: { accept: MEDIA_TYPE }, ...(agent ? { agent } : {}) };
    get(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => void chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'));
        else reject(new Error(`GET ${url}: ${response.statusCode}`));
      });
    }).on('error', reject);
  });
}
