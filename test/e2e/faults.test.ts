/**
 * Processes that end in the middle of their work: killed, interrupted, without room to write. What
 * was begun is never named, and the next start leaves nothing of it.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FaultSite, fault, temporaryFiles, until } from '#test/helpers/fault-site.ts';
import { largeFile } from '#test/helpers/large-file.ts';

const MEBIBYTE = 1024 * 1024;
const EXIT_CODES = { SIGKILL: undefined, SIGINT: 130, SIGTERM: 143 } as const;
const SIGNALS = ['SIGKILL', 'SIGINT', 'SIGTERM'] as const;

/** Names of the local images. */
async function names(site: FaultSite, store = site.store): Promise<readonly string[]> {
  const { stdout } = await site.run(['images', '--format', '{{.Repository}}:{{.Tag}}'], {
    root: store,
  });
  return stdout.split('\n').filter((line) => line !== '');
}

/** Of the folders of a store, the size of all files being written. */
function isWriting(store: string): boolean {
  try {
    return readdirSync(join(store, 'ingest')).some(
      (name) => statSync(join(store, 'ingest', name)).size > MEBIBYTE,
    );
  } catch {
    return false; // not made yet, or just gone
  }
}

for (const signal of SIGNALS) {
  fault(`${signal} during RUN`, async (site) => {
    const context = site.context('RUN echo started && sleep 1000\n');
    const build = site.start(['build', '-t', 'app:1', context]);
    const started = new Promise<void>((resolve) => {
      build.onLog((text) => {
        if (/ started$/m.test(text)) resolve();
      });
    });
    await Promise.race([started, build.outcome]);
    build.kill(signal);
    assert.equal((await build.outcome).exitCode, EXIT_CODES[signal]);
    if (signal !== 'SIGKILL') assert.deepEqual(temporaryFiles(site.store), []);
    assert.deepEqual(await site.leftIn(), []);
    assert.deepEqual(await names(site), []);
    await site.good('build', '-t', 'app:1', site.context('CMD ["true"]\n'));
    await site.good('run', 'app:1');
  });

  fault(`${signal} during COPY of a large file`, async (site) => {
    const context = site.context('COPY large /\n');
    largeFile(join(context, 'large'));
    const build = site.start(['build', '-t', 'app:1', context]);
    await until('a layer being written', () => isWriting(site.store));
    build.kill(signal);
    assert.equal((await build.outcome).exitCode, EXIT_CODES[signal]);
    if (signal !== 'SIGKILL') assert.deepEqual(temporaryFiles(site.store), []);
    assert.deepEqual(await site.leftIn(), []);
    assert.deepEqual(await names(site), []);
  });
}

fault('the second Ctrl-C does not wait, and leaves nothing either', async (site) => {
  await site.good('build', '-t', 'app:1', site.context('CMD ["true"]\n'));
  const script = 'trap "" INT TERM; echo ready; sleep 1000';
  const run = site.start(['run', 'app:1', 'sh', '-c', script]);
  assert.equal(await run.firstLine, 'ready');
  run.kill('SIGINT');
  run.kill('SIGINT');
  assert.equal((await run.outcome).exitCode, 130);
  assert.deepEqual(await site.leftIn(), []);
});

fault('the resident helper killed during RUN ends the build with a word about it', async (site) => {
  const build = site.start([
    'build',
    '-t',
    'app:1',
    site.context('RUN echo started; sleep 1000\n'),
  ]);
  const started = new Promise<void>((resolve) => {
    build.onLog((text) => {
      if (/ started$/m.test(text)) resolve();
    });
  });
  await Promise.race([started, build.outcome]);
  const children = readFileSync(`/proc/${build.pid}/task/${build.pid}/children`, 'utf8');
  const helper = Number(children.trim().split(' ')[0]);
  assert.ok(helper > 0);
  process.kill(helper, 'SIGKILL');
  const { exitCode, stderr } = await build.outcome;
  assert.equal(exitCode, 1);
  assert.match(
    stderr,
    /^ERROR: failed to build: .*the native helper ended unexpectedly \(SIGKILL\)$/m,
  );
  assert.match(stderr, /^ {2}fix: /m);
  assert.deepEqual(temporaryFiles(site.store), []);
});

fault('a killed save leaves no archive, and the next one removes its rest', async (site) => {
  const context = site.context('COPY large /\n');
  largeFile(join(context, 'large'), 128);
  await site.good('build', '-t', 'app:1', context);
  const out = site.folder.at('out');
  mkdirSync(out);
  const save = site.start(['save', '-o', join(out, 'app.tar'), 'app:1']);
  await until('an archive being written', () => readdirSync(out).length > 0);
  save.kill('SIGKILL');
  await save.outcome;
  const [rest] = readdirSync(out);
  assert.notEqual(rest, 'app.tar');
  const interrupted = site.start(['save', '-o', join(out, 'app.tar'), 'app:1']);
  await until('the next archive', () => readdirSync(out).every((name) => name !== rest));
  await until('it being written', () => readdirSync(out).length > 0);
  interrupted.kill('SIGTERM');
  assert.equal((await interrupted.outcome).exitCode, 143);
  assert.deepEqual(readdirSync(out), []);
});

fault('load killed: nothing named, nothing left', async (site) => {
  const context = site.context('COPY large /\n');
  largeFile(join(context, 'large'), 128);
  await site.good('build', '-t', 'app:1', context);
  const archive = site.folder.at('app.tar');
  await site.good('save', '-o', archive, 'app:1');
  const store = site.folder.at('other');
  const load = site.start(['load', '-i', archive], { root: store });
  await until('a layer being written', () => isWriting(store));
  load.kill('SIGKILL');
  await load.outcome;
  assert.deepEqual(await site.leftIn(store), []);
  assert.deepEqual(await names(site, store), []);
});

fault('a full disk: said in one line, nothing half-written is named', async (site) => {
  const small = site.folder.at('small');
  mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', small]);
  try {
    const store = join(small, 'store');
    const full = /^ERROR: .*no space left on device\n(?: {2}cause: .*\n)? {2}fix: free space/m;
    const context = site.context('COPY large /\n');
    largeFile(join(context, 'large'), 128);
    assert.match(await site.bad(1, ['build', '-t', 'app:1', context], { root: store }), full);
    assert.deepEqual(await site.leftIn(store), []);
    const filling = site.context('RUN cat /dev/zero > /fill\n');
    const told = await site.bad(1, ['build', '-t', 'app:1', filling], { root: store });
    assert.match(told, /^#\d+ .*No space left on device$/m);
    assert.deepEqual(await site.leftIn(store), []);
    assert.deepEqual(await names(site, store), []);

    const archive = site.folder.at('app.tar');
    writeFileSync(join(context, 'large'), Buffer.alloc(8 * MEBIBYTE));
    await site.good('build', '-t', 'app:1', context);
    await site.good('save', '-o', archive, 'app:1');
    assert.match(await site.bad(1, ['load', '-i', archive], { root: store }), full);
    assert.deepEqual(await site.leftIn(store), []);
    assert.deepEqual(await names(site, store), []);
    assert.match(await site.bad(1, ['save', '-o', join(small, 'app.tar'), 'app:1']), full);
    assert.deepEqual(readdirSync(small), ['store']);
  } finally {
    execFileSync('umount', [small]);
  }
});

fault('many commands on one store at once', async (site) => {
  const server = site.start(['registry', 'serve', '--addr', '127.0.0.1:0']);
  const address = (await server.firstLine).replace(/^.*http:\/\//, '');
  try {
    await site.good('build', '-t', `${address}/base:1`, site.context('CMD ["echo", "base"]\n'));
    await site.good('push', `${address}/base:1`);
    const numbers = [1, 2, 3, 4];
    for (const round of [1, 2]) {
      await Promise.all([
        ...numbers.map((n) =>
          site.good(
            'build',
            '-t',
            `app${n}:${round}`,
            site.context(`RUN echo ${n}-${round} > /n\n`),
          ),
        ),
        site.good('pull', `${address}/base:1`),
        site.good('push', `${address}/base:1`),
        ...(round > 1 ? [site.good('rmi', 'app1:1', 'app2:1')] : []),
      ]);
    }
    for (const n of numbers) {
      assert.equal(await site.good('run', `app${n}:2`, 'cat', '/n'), `${n}-2\n`);
    }
    assert.equal(await site.good('run', `${address}/base:1`), 'base\n');
    const expected = [
      'app1:2',
      'app2:2',
      'app3:1',
      'app3:2',
      'app4:1',
      'app4:2',
      `${address}/base:1`,
    ];
    assert.deepEqual([...(await names(site))].sort(), expected.sort());
  } finally {
    // Else the test would wait for it for ever.
    server.kill('SIGTERM');
  }
  assert.equal((await server.outcome).exitCode, 0);
  assert.deepEqual(temporaryFiles(site.store), []);
});
