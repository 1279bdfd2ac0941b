/**
 * Cache mounts that travel with a cache, and facts that do: as on a runner whose store is new each time.
 * The mounts are filled by real RUN steps of busybox.
 */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BUSYBOX_BASE, busyboxUnfit, writeContext } from '#test/helpers/busybox-context.ts';
import { slipway, startSlipway } from '#test/helpers/cli-process.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const skip = busyboxUnfit() ?? false;

/** Says what the mount had, then adds to it. */
const step = (mount: string, word: string): string =>
  `RUN --mount=type=cache,${mount} echo "HAD $(ls -A /c | tr '\\n' ' ')"; touch /c/${word}; echo ${word} > /${word}\n`;

interface Runner {
  build(...argv: readonly string[]): Promise<string>;
  dockerfile(text: string): void;
  readonly cache: string;
  readonly blobs: () => readonly string[];
  /** In one of the stores, counted from 0. */
  run(store: number, ...argv: readonly string[]): Promise<string>;
}

async function withRunner(work: (runner: Runner) => Promise<void>): Promise<void> {
  using folder = tempFolder();
  const context = folder.at('context');
  const cache = folder.at('cache');
  let count = 0;
  await work({
    cache,
    blobs: () => readdirSync(join(cache, 'blobs/sha256')).sort(),
    dockerfile: (text) => void writeContext(context, BUSYBOX_BASE + text),
    async build(...argv) {
      const root = folder.at(`store-${count++}`);
      const all = ['build', '--progress', 'plain', ...argv, context];
      const { exitCode, stderr } = await slipway(all, { root });
      assert.equal(exitCode, 0, stderr);
      return stderr;
    },
    async run(store, ...argv) {
      const { exitCode, stdout, stderr } = await slipway(argv, {
        root: folder.at(`store-${store}`),
      });
      assert.equal(exitCode, 0, stderr);
      return stdout;
    },
  });
}

/** What the mount had, step by step. */
function had(log: string): readonly string[] {
  return [...log.matchAll(/^#\d+ [\d.]+ HAD (.*?) *$/gm)].map(([, words = '']) => words);
}

test('a mount goes along and is there on the next machine, with owner and mode', { skip }, () =>
  withRunner(async ({ build, dockerfile, cache, run, blobs }) => {
    const to = `type=local,dest=${cache},mode=max,cache-mounts=true`;
    const from = `type=local,src=${cache}`;
    const mount = 'target=/c,uid=7,gid=8,mode=0750';
    dockerfile(
      `${step(mount, 'one')}RUN --mount=type=cache,${mount} chown 3:4 /c/one; chmod 600 /c/one\n`,
    );
    const first = await build('--cache-to', to);
    assert.match(first, /preparing \d+ layers of the build cache and 1 cache mount/);
    const exported = blobs();
    dockerfile(
      `${step(mount, 'two')}RUN --mount=type=cache,${mount} stat -c 'SAID %n %u:%g %a' /c /c/one\n`,
    );
    const second = await build('--cache-from', from);
    assert.deepEqual(had(second), ['one']);
    assert.match(second, /importing cache mount \/c mode=750 uid=7 gid=8/);
    assert.match(second, /SAID \/c 7:8 750\n.*SAID \/c\/one 3:4 600/);
    const gc = await run(1, 'system', 'gc', '--dry-run');
    assert.match(gc, /0B/, 'what was only on its way is gone');
    dockerfile(
      `${step(mount, 'one')}RUN --mount=type=cache,${mount} chown 3:4 /c/one; chmod 600 /c/one\n`,
    );
    // All from the cache: the mount was never here, and goes along as it was.
    const third = await build('--cache-from', from, '--cache-to', to);
    assert.deepEqual(had(third), []);
    assert.deepEqual(blobs(), exported);
  }),
);

test('one that is here stays as it is; one that is not wanted begins empty', { skip }, () =>
  withRunner(async ({ build, dockerfile, cache, run }) => {
    dockerfile(step('target=/c', 'one'));
    await build('--cache-to', `type=local,dest=${cache},cache-mounts=true`);
    dockerfile(step('target=/c', 'two'));
    const unwanted = await build('--cache-from', `type=local,src=${cache},cache-mounts=false`);
    assert.deepEqual(had(unwanted), ['']);
    dockerfile(step('target=/c', 'three'));
    const argv = ['build', '--cache-from', `type=local,src=${cache}`, '--progress', 'plain'];
    const again = await run(1, ...argv, '--no-cache', '-q', join(cache, '../context'));
    assert.match(again, /sha256:/);
    const kept = await run(1, 'builder', 'du', '--format', '{{.Description}} {{.UsageCount}}');
    assert.match(kept, /cached mount \/c 2/);
  }),
);

test('private ones only by name; ids that nobody mounts are told; large ones stay', { skip }, () =>
  withRunner(async ({ build, dockerfile, cache }) => {
    const mounts = 'target=/c,id=mine,sharing=private';
    const text = step(mounts, 'one');
    dockerfile(text);
    const to = `type=local,dest=${cache}`;
    assert.doesNotMatch(await build('--cache-to', `${to},cache-mounts=true`), /cache mount/);
    assert.match(await build('--cache-to', `${to},cache-mounts=mine`), /and 1 cache mount\b/);
    const named = await build('--cache-to', `${to},cache-mounts=mine;other`);
    assert.match(named, /cache mount other is not exported: no step of this build mounts it/);
    dockerfile(
      `${text}RUN --mount=type=cache,target=/c dd if=/dev/zero of=/c/big bs=1k count=9 2>/dev/null\n`,
    );
    const large = await build('--cache-to', `${to},cache-mounts=true,cache-mounts-max=8k`);
    assert.match(large, /cache mount \/c is not exported: it has \d+ bytes: cache-mounts-max=SIZE/);
  }),
);

test('a mount that holds a secret is not exported, and the build goes on', { skip }, () =>
  withRunner(async ({ build, dockerfile, cache }) => {
    dockerfile(
      'RUN --mount=type=secret,id=token --mount=type=cache,target=/c cp /run/secrets/token /c/kept\n',
    );
    const secret = join(cache, '../token');
    writeFileSync(secret, 'a-very-secret-token');
    const argv = ['--secret', `id=token,src=${secret}`];
    const log = await build(...argv, '--cache-to', `type=local,dest=${cache},cache-mounts=true`);
    assert.match(log, /cache mount \/c is not exported: the secret token would be given away/);
  }),
);

test('a mount whose layer is damaged begins empty, and nothing of it is left', { skip }, () =>
  withRunner(async ({ build, dockerfile, cache, blobs, run }) => {
    dockerfile(step('target=/c', 'one'));
    await build('--cache-to', `type=local,dest=${cache},cache-mounts=true`);
    for (const name of blobs())
      writeFileSync(join(cache, 'blobs/sha256', name), 'x', { flag: 'r+' });
    const log = await build('--cache-from', `type=local,src=${cache}`);
    assert.deepEqual(had(log), ['']);
    assert.match(await run(1, 'system', 'check'), /no problems|0 problems|is whole/i);
  }),
);

test('why a step missed is told on a machine that has only the cache', { skip }, () =>
  withRunner(async ({ build, dockerfile, cache }) => {
    const serve = ['registry', 'serve', '--addr', '127.0.0.1:0'];
    const registry = startSlipway(serve, { root: join(cache, '../served') });
    try {
      const address = /127\.0\.0\.1:\d+/.exec(await registry.firstLine)?.[0];
      const ref = `type=registry,ref=${address}/cache:main`;
      const context = join(cache, '../context');
      dockerfile('COPY note /note\nRUN cat /note\n');
      writeFileSync(join(context, 'note'), 'one\n');
      await build('--cache-to', `${ref},mode=max`);
      writeFileSync(join(context, 'note'), 'two\n');
      const log = await build('--cache-from', ref, '--explain');
      assert.match(log, /step \d+ missed: note changed \(content\)\n {2}\[3\/4\] COPY note/);
      assert.match(log, /step \d+ missed: it is built on step \d+, which gave other files/);
      assert.match(log, /2 steps missed/);
    } finally {
      registry.kill('SIGTERM');
      await registry.outcome;
    }
  }),
);
