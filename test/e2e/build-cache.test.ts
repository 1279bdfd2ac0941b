/**
 * Build caches that travel, as on a CI runner whose store is new each time: to a registry, a folder
 * and inside an image, and what happens when they are damaged or not there.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { slipway, startSlipway } from '#test/helpers/cli-process.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

/** Two stages; `tool` is in no layer of the image. */
const DOCKERFILE = `FROM scratch AS tools
COPY tool /tool
COPY tool /again
FROM scratch
COPY first /first
COPY --from=tools /again /from-tools
COPY second /second
`;
const STEPS = 5;

/** The Dockerfile's folder apart from where stores and caches are. */
interface Places {
  readonly folder: TempFolder;
  readonly work: TempFolder;
}

/** A runner: a new store every time. */
interface Runners {
  /** How many steps were taken from a cache; the log. */
  build(...argv: readonly string[]): Promise<{ readonly cached: number; readonly log: string }>;
}

function runners({ folder, work }: Places): Runners {
  writeFileSync(folder.at('Dockerfile'), DOCKERFILE);
  for (const name of ['tool', 'first', 'second']) writeFileSync(folder.at(name), `${name}\n`);
  let count = 0;
  return {
    async build(...argv) {
      const root = work.at(`store-${count++}`);
      const all = ['build', '--progress', 'plain', ...argv, folder.path];
      const { exitCode, stderr } = await slipway(all, { root, cwd: folder.path });
      assert.equal(exitCode, 0, stderr);
      return { cached: stderr.match(/ CACHED$/gm)?.length ?? 0, log: stderr };
    },
  };
}

function placed(): Places & Disposable {
  const folder = tempFolder();
  const work = tempFolder();
  return {
    folder,
    work,
    [Symbol.dispose]() {
      work[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
}

test('a folder: max has all steps, min those of the image; it holds what is in use and no more', async () => {
  using place = placed();
  const { build } = runners(place);
  const cache = place.work.at('cache');
  const to = `type=local,dest=${cache},mode=max`;
  const from = `type=local,src=${cache}`;
  assert.equal((await build('--cache-to', to)).cached, 0);
  assert.equal((await build('--cache-from', from)).cached, STEPS);
  const blobs = () => readdirSync(join(cache, 'blobs/sha256')).length;
  const before = blobs();
  writeFileSync(place.folder.at('second'), 'another\n');
  assert.equal((await build('--cache-from', from, '--cache-to', to)).cached, STEPS - 1);
  assert.equal(blobs(), before);
  const min = `type=local,dest=${cache},tag=min`;
  await build('--cache-from', from, '--cache-to', min);
  // Without the stage that only gives files, the copy out of it cannot be known by its definition.
  const { cached } = await build('--cache-from', `${from},tag=min`);
  assert.equal(cached, 3);
});

test('a registry, and inline in the image that was pushed', async () => {
  using place = placed();
  const { build } = runners(place);
  const serve = ['registry', 'serve', '--addr', '127.0.0.1:0'];
  const registry = startSlipway(serve, { root: place.work.at('served') });
  try {
    const address = /127\.0\.0\.1:\d+/.exec(await registry.firstLine)?.[0];
    const cache = `type=registry,ref=${address}/cache:main`;
    const image = `${address}/app:1`;
    const { log } = await build('--cache-to', `${cache},mode=max`);
    assert.match(log, /exporting cache to registry\n.*writing cache manifest sha256:/s);
    assert.equal((await build('--cache-from', cache)).cached, STEPS);
    await build('-t', image, '--push', '--cache-to', 'type=inline');
    const { cached } = await build('--cache-from', image);
    assert.equal(cached, 3);
    const plain = `${address}/plain:1`;
    await build('-t', plain, '--push');
    const told = await build('--cache-from', plain);
    assert.equal(told.cached, 0);
    assert.match(
      told.log,
      /no cache from .*\/plain:1: build cache invalid: the image brings no cache/,
    );
  } finally {
    registry.kill('SIGTERM');
    await registry.outcome;
  }
});

test('a damaged or lost layer is a miss, and is told; the result is right', async () => {
  using place = placed();
  const { build } = runners(place);
  const cache = place.work.at('cache');
  await build('--cache-to', `type=local,dest=${cache},mode=max`);
  const folder = join(cache, 'blobs/sha256');
  for (const name of readdirSync(folder)) {
    if (readFileSync(join(folder, name)).readUInt16BE() === 0x1f8b)
      truncateSync(join(folder, name), 20);
  }
  const { cached, log } = await build('--cache-from', `type=local,src=${cache}`, '-o', 'out');
  assert.equal(cached, 0);
  assert.match(log, /cached layer sha256:\w+ of "COPY first \/first" cannot be used: /);
  assert.equal(readFileSync(place.folder.at('out/second'), 'utf8'), 'second\n');
});

test('a list with more bytes than its manifest says is not read to its end', async () => {
  using place = placed();
  const { build } = runners(place);
  const cache = place.work.at('cache');
  await build('--cache-to', `type=local,dest=${cache},mode=max`);
  const index = JSON.parse(readFileSync(join(cache, 'index.json'), 'utf8'));
  const [entry] = index.manifests;
  const path = (digest: string): string => join(cache, 'blobs', digest.replace(':', '/'));
  const manifest = JSON.parse(readFileSync(path(entry.digest), 'utf8'));
  manifest.config.size = 10;
  const bytes = Buffer.from(JSON.stringify(manifest));
  Object.assign(entry, { digest: digestOf(bytes), size: bytes.byteLength });
  writeFileSync(path(entry.digest), bytes);
  writeFileSync(join(cache, 'index.json'), JSON.stringify(index));
  const { cached, log } = await build('--cache-from', `type=local,src=${cache}`);
  assert.equal(cached, 0);
  assert.match(log, /no cache from .*: build cache invalid: its list has more than the 10 bytes/);
});

test('a cache that is not there is told, and the build goes on; one that cannot be written fails it', async () => {
  using place = placed();
  const { build } = runners(place);
  const from = ['--cache-from', `type=local,src=${place.work.at('none')}`];
  const { cached, log } = await build(...from, '--cache-from', '127.0.0.1:1/x');
  assert.equal(cached, 0);
  assert.match(log, /no cache from .*\/none:latest: .* is not an OCI layout/);
  assert.match(log, /no cache from 127\.0\.0\.1:1\/x:latest: /);
  const to = 'type=registry,ref=127.0.0.1:1/x';
  const ignoring = await build('--cache-to', `${to},ignore-error=true`);
  assert.match(ignoring.log, /no cache was written to 127\.0\.0\.1:1\/x:latest: /);
  const argv = ['build', '--cache-to', to, place.folder.path];
  const { exitCode } = await slipway(argv, { root: place.work.at('store') });
  assert.equal(exitCode, 1);
});

/** Kills the process that loads it when a file below a path is about to get its name for the nth time. */
const KILLER = `
const files = require('node:fs/promises');
const { rename } = files;
const [, path, count] = /^(.*) (\\d+)$/.exec(process.env.KILL_AT);
let seen = 0;
files.rename = async (from, to) => {
  if (String(to).startsWith(path) && ++seen === Number(count)) process.kill(process.pid, 'SIGKILL');
  return await rename(from, to);
};
require('node:module').syncBuiltinESMExports();
`;

test('killed while it writes a folder, it leaves the cache that was there, and the next one tidies up', async () => {
  using place = placed();
  const { build } = runners(place);
  const cache = place.work.at('cache');
  const to = `type=local,dest=${cache},mode=max`;
  await build('--cache-to', to);
  const index = readFileSync(join(cache, 'index.json'));
  writeFileSync(place.folder.at('second'), randomBytes(1000));
  // Before the first blob of it gets its name, before the third, and before the list does.
  const killer = place.work.at('killer.cjs');
  writeFileSync(killer, KILLER);
  for (const [i, [target, count]] of [
    ['blobs/', 1],
    ['blobs/', 3],
    ['index.json', 1],
  ].entries()) {
    const argv = ['build', '--cache-to', to, place.folder.path];
    const environment = {
      NODE_OPTIONS: `--require=${killer}`,
      KILL_AT: `${cache}/${target} ${count}`,
    };
    const { exitCode } = await slipway(argv, { root: place.work.at(`killed-${i}`), environment });
    assert.equal(exitCode, undefined, 'it was killed');
    assert.deepEqual(readFileSync(join(cache, 'index.json')), index);
  }
  writeFileSync(place.folder.at('second'), 'second\n');
  assert.equal((await build('--cache-from', `type=local,src=${cache}`)).cached, STEPS);
  const left = () =>
    ['', 'blobs'].flatMap((name) =>
      readdirSync(join(cache, name)).flatMap((file) =>
        file.startsWith('.') ? join(name, file) : [],
      ),
    );
  assert.ok(left().length >= 3, 'files that nobody finished');
  for (const file of left()) utimesSync(join(cache, file), 1, 1);
  await build('--cache-from', `type=local,src=${cache}`, '--cache-to', to);
  assert.deepEqual(left(), []);
});

test('builds that write one folder at the same time lose nothing, under one tag or several', async () => {
  using place = placed();
  const { build } = runners(place);
  const cache = place.work.at('cache');
  const to = (tag: string) => `type=local,dest=${cache},tag=${tag},mode=max`;
  const tags = ['a', 'b', 'b', 'c'];
  for (const round of ['one', 'two']) {
    writeFileSync(place.folder.at('second'), `${round}\n`);
    await Promise.all(tags.map((tag) => build('--cache-to', to(tag))));
  }
  for (const tag of new Set(tags)) {
    const { cached } = await build('--cache-from', `type=local,src=${cache},tag=${tag}`);
    assert.equal(cached, STEPS, tag);
  }
});
