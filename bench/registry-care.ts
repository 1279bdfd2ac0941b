/**
 * What requests notice of garbage collection, and how long lists take, in a registry of 100,000 blobs, 10,000
 * repositories and a repository with 100,000 tags. Blobs and rows are made by hand: pushing them would take an hour.
 */

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { SLIPWAY } from './programs.ts';

const IMAGES = 20_000;
const GARBAGE = 40_000;
const WORKERS = 4;
const QUIET_MS = 15_000;
const TYPE = 'application/vnd.oci.image.manifest.v1+json';

export async function registryCare(): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  try {
    await using _ = await serve(root, {});
    fill(root);
    const lists = await timesOfLists(root);
    const beside = await besideCommand(root);
    addGarbage(root);
    const inside = await insideServer(root);
    return [
      'First page of a list, median and longest of 20:\n',
      '| list | ms | longest |\n| --- | --- | --- |',
      ...lists,
      `\nRequests of ${WORKERS} clients that push and pull, while gc removes ${GARBAGE} of 100,000 blobs:\n`,
      '| meanwhile | requests | p50 ms | p99 ms | longest ms |\n| --- | --- | --- | --- | --- |',
      ...beside,
      ...inside,
      '',
    ].join('\n');
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

interface Served extends AsyncDisposable {
  readonly url: string;
  /** Resolves when the log has such a line. */
  said(text: string): Promise<void>;
}

async function serve(root: string, env: Readonly<Record<string, string>>): Promise<Served> {
  const argv = ['--root', root, 'registry', 'serve', '--addr', '127.0.0.1:0'];
  const server = spawn(SLIPWAY, argv, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
  const waiting = new Map<string, () => void>();
  createInterface(server.stderr).on('line', (text) => {
    for (const [wanted, tell] of waiting) if (text.startsWith(wanted)) tell();
  });
  return {
    url: line.replace('Registry listening on ', ''),
    said: (text) => new Promise((resolve) => waiting.set(text, resolve)),
    async [Symbol.asyncDispose]() {
      if (server.exitCode !== null) return;
      const ended = once(server, 'exit');
      server.kill('SIGTERM');
      await ended;
    },
  };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function putFile(root: string, bytes: Uint8Array): string {
  const digest = digestOf(bytes);
  writeFileSync(join(root, 'blobs/sha256', digest.slice(7)), bytes);
  return digest;
}

function fill(root: string): void {
  using database = new DatabaseSync(join(root, 'metadata.db'), { timeout: 60_000 });
  const prepare = (table: string, columns: string) => {
    const places = columns
      .split(',')
      .map(() => '?')
      .join(', ');
    return database.prepare(`INSERT INTO ${table} (${columns}) VALUES (${places})`);
  };
  const manifests = prepare('manifests', 'space, repository, digest, media_type, size, put_at_ms');
  const tags = prepare('tags', 'space, repository, tag, digest');
  const refs = prepare('refs', 'child, space, repository, digest');
  const links = prepare('links', 'repository, digest, linked_at_ms, size');
  const shared = putFile(root, Buffer.from('the layer that all images begin with'));
  database.exec('BEGIN');
  for (let i = 0; i < IMAGES; i += 1) {
    // Half of the repositories have one image; the first of them has a hundred thousand tags.
    const repository = `team${i % 100}/app${i % 10_000}`;
    const [config, layer] = ['config', 'layer'].map((what) =>
      putFile(root, Buffer.from(`${what} ${i}`)),
    );
    const bytes = manifestOf(config ?? '', [shared, layer ?? '']);
    const digest = putFile(root, bytes);
    manifests.run('registry', repository, digest, TYPE, bytes.byteLength, 1);
    tags.run('registry', repository, `v${i}`, digest);
    for (const child of [config ?? '', layer ?? '', shared]) {
      refs.run(child, 'registry', repository, digest);
      if (child !== shared || i < 10_000) links.run(repository, child, 1, 12);
    }
    if (i !== 0) continue;
    for (let tag = 0; tag < 100_000; tag += 1) tags.run('registry', repository, `t${tag}`, digest);
  }
  database.exec('COMMIT');
  addGarbage(root);
}

function addGarbage(root: string): void {
  for (let i = 0; i < GARBAGE; i += 1) putFile(root, randomBytes(64));
}

function manifestOf(config: string, layers: readonly string[]): Buffer {
  const blob = (digest: string, mediaType: string) => ({ mediaType, digest, size: 12 });
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: TYPE,
      config: blob(config, 'application/vnd.oci.image.config.v1+json'),
      layers: layers.map((digest) => blob(digest, 'application/vnd.oci.image.layer.v1.tar')),
    }),
  );
}

async function timesOfLists(root: string): Promise<readonly string[]> {
  await using server = await serve(root, QUIET);
  const paths: Readonly<Record<string, string>> = {
    '100 of 100,000 tags': '/v2/team0/app0/tags/list?n=100',
    '1,000 of 100,000 tags': '/v2/team0/app0/tags/list?n=1000',
    '100 of 10,000 repositories': '/v2/_catalog?n=100',
    '1,000 of 10,000 repositories': '/v2/_catalog?n=1000',
    'page of the repository for browsers': '/repo/team0/app0',
    'page of all repositories for browsers': '/',
  };
  const rows: string[] = [];
  for (const [name, path] of Object.entries(paths)) {
    const times: number[] = [];
    for (let i = 0; i < 20; i += 1) await timed(times, () => fetch(server.url + path));
    const [median, longest] = [quantile(times, 0.5), quantile(times, 1)];
    rows.push(`| ${name} | ${median} | ${longest} |`);
  }
  return rows;
}

const QUIET = { SLIPWAY_REGISTRY_GC_INTERVAL: 'off' };

/** gc as a command of its own, on the root of a server that runs. */
async function besideCommand(root: string): Promise<readonly string[]> {
  await using server = await serve(root, QUIET);
  const quiet = await load(server, new Promise((resolve) => setTimeout(resolve, QUIET_MS)));
  const command = spawn(SLIPWAY, ['--root', root, 'registry', 'gc'], { stdio: 'ignore' });
  const busy = await load(server, once(command, 'exit'));
  return [row('nothing', quiet), row('`slipway registry gc`', busy)];
}

async function insideServer(root: string): Promise<readonly string[]> {
  await using server = await serve(root, { SLIPWAY_REGISTRY_GC_INTERVAL: '1s' });
  return [row('gc in the server', await load(server, server.said('gc: removed')))];
}

/** Latencies of everything that clients do until then. */
async function load({ url }: Served, until: Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  let isOver = false;
  void until.then(() => {
    isOver = true;
  });
  const worker = async (name: string): Promise<void> => {
    const base = `${url}/v2/load/${name}`;
    while (!isOver) {
      const blobs = [randomBytes(1024), randomBytes(12)];
      for (const body of blobs) {
        const path = `${base}/blobs/uploads/?digest=${digestOf(body)}`;
        await timed(times, () => fetch(path, { method: 'POST', body }));
      }
      const [layer, config] = blobs.map(digestOf);
      const body = manifestOf(config ?? '', [layer ?? ''])
        .toString()
        .replace(`"digest":"${layer}","size":12`, `"digest":"${layer}","size":1024`);
      const headers = { 'content-type': TYPE };
      await timed(times, () => fetch(`${base}/manifests/latest`, { method: 'PUT', body, headers }));
      await timed(times, () => fetch(`${base}/manifests/latest`));
      await timed(times, () => fetch(`${base}/blobs/${layer}`));
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, (_, i) => worker(`w${i}`)));
  return times;
}

async function timed(times: number[], request: () => Promise<Response>): Promise<void> {
  const begin = performance.now();
  const response = await request();
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${response.url}: ${response.status}`);
  times.push(performance.now() - begin);
}

function row(name: string, times: readonly number[]): string {
  const columns = [0.5, 0.99, 1].map((part) => quantile(times, part));
  return `| ${name} | ${times.length} | ${columns.join(' | ')} |`;
}

function quantile(times: readonly number[], part: number): string {
  const sorted = times.toSorted((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(1);
}
