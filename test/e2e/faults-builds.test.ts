/**
 * Builds under bad circumstances: many at once on one store, a disk that is full at each stage of a
 * build, a registry that dies while it is pushed to or while its cache is read.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type FaultSite, fault, temporaryFiles } from '#test/helpers/fault-site.ts';

const TEN = Array.from({ length: 10 }, (_, i) => i);
const LAYERS = ['inspect', '--format', '{{json .RootFS.Layers}}'];

fault(
  'ten builds of one Dockerfile at once: the same layers, a store that is whole',
  async (site) => {
    const context = site.context(
      'RUN --mount=type=cache,target=/c echo x >> /c/x && echo made > /made\nCOPY file /file\nRUN cat /made /file > /both\n',
      { file: 'F\n' },
    );
    const environment = { SOURCE_DATE_EPOCH: '1700000000' };
    const outcomes = await Promise.all(
      TEN.map((n) => site.run(['build', '-t', `app:${n}`, context], { environment })),
    );
    for (const { exitCode, stderr } of outcomes) assert.equal(exitCode, 0, stderr);
    const layers = new Set<string>();
    for (const n of TEN) layers.add(await site.good(...LAYERS, `app:${n}`));
    assert.equal(layers.size, 1);
    assert.equal(await site.good('run', '--rm', 'app:3', 'cat', '/both'), 'made\nF\n');
    await site.good('system', 'check');
    assert.deepEqual(temporaryFiles(site.store), []);
  },
);

fault(
  'ten builds of different Dockerfiles at once: each has its own, what is shared once',
  async (site) => {
    const contexts = TEN.map((n) => site.context(`RUN echo shared > /s\nRUN echo ${n} > /n\n`));
    const outcomes = await Promise.all(
      contexts.map((context, n) => site.run(['build', '-t', `app:${n}`, context])),
    );
    for (const { exitCode, stderr } of outcomes) assert.equal(exitCode, 0, stderr);
    for (const n of [0, 4, 9]) {
      assert.equal(await site.good('run', '--rm', `app:${n}`, 'cat', '/s', '/n'), `shared\n${n}\n`);
    }
    for (const [n, context] of contexts.entries()) {
      const { stderr } = await site.run(['build', '--progress=plain', '-t', `app:${n}`, context]);
      assert.equal(stderr.match(/ CACHED$/gm)?.length, 4, stderr);
    }
    await site.good('system', 'check');
    assert.deepEqual(temporaryFiles(site.store), []);
  },
);

/** Runs with a tmpfs of a few megabytes. */
async function onSmallDisk(
  site: FaultSite,
  megabytes: number,
  work: (place: string) => Promise<void>,
): Promise<void> {
  const small = site.folder.at('small');
  mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', small]);
  try {
    await work(small);
  } finally {
    execFileSync('umount', [small]);
  }
}

const FULL = /^ERROR: .*no space left on device\n(?: {2}cause: .*\n)? {2}fix: free /m;

/** Bytes that no compression makes smaller, the same ones each time. */
function noise(megabytes: number): Buffer {
  const bytes = Buffer.alloc(megabytes * 1024 * 1024);
  for (let at = 0, state = 1; at < bytes.length; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes.writeUInt32LE(state, at);
  }
  return bytes;
}

fault('a full disk when a RUN is committed: said in words, earlier steps stay', async (site) => {
  await onSmallDisk(site, 24, async (small) => {
    const root = join(small, 'store');
    // There is room for the files, or for the layer made of them, not for both.
    const context = site.context(
      'RUN echo early > /early\nRUN head -c 14000000 /dev/urandom > /big\n',
    );
    const said = await site.bad(1, ['build', '-t', 'app:1', context], { root });
    assert.match(said, FULL);
    assert.match(said, /^>>> |>>> RUN head/m);
    assert.deepEqual(await site.leftIn(root), []);
    const small2 = site.context('RUN echo early > /early\nRUN head -c 1000 /dev/urandom > /big\n');
    const { exitCode, stderr } = await site.run(
      ['build', '--progress=plain', '-t', 'app:1', small2],
      { root },
    );
    assert.equal(exitCode, 0, stderr);
    assert.equal(stderr.match(/ CACHED$/gm)?.length, 3, stderr);
  });
});

const OUTPUTS = ['type=tar,dest=', 'type=oci,dest=', 'type=docker,dest=', 'type=local,dest='];

for (const output of OUTPUTS) {
  fault(
    `a full disk when ${output} is written: the build stays cached, no half file`,
    async (site) => {
      await onSmallDisk(site, 4, async (small) => {
        const context = site.context('COPY noise /noise\n');
        writeFileSync(join(context, 'noise'), noise(8));
        const argv = ['build', '--progress=plain', '-o', `${output}${join(small, 'out')}`, context];
        assert.match(await site.bad(1, argv), FULL);
        if (!output.startsWith('type=local')) assert.deepEqual(readdirSync(small), []);
        const { stderr } = await site.run(['build', '--progress=plain', '-t', 'app', context]);
        assert.equal(stderr.match(/ CACHED$/gm)?.length, 3, stderr);
      });
    },
  );
}

/** Passes bytes on to a registry, until it has passed so many: then it and its connections are gone. */
async function dyingProxy(to: number, limits: { readonly up: number; readonly down: number }) {
  const sockets = new Set<Socket>();
  const counts = { up: 0, down: 0 };
  const server: Server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    const pass = (from: Socket, target: Socket, way: 'up' | 'down'): void => {
      from.on('data', (bytes: Buffer) => {
        counts[way] += bytes.byteLength;
        if (counts[way] > limits[way]) die();
        else target.write(bytes);
      });
      from.on('end', () => target.end());
    };
    pass(client, upstream, 'up');
    pass(upstream, client, 'down');
  });
  const die = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { address: `127.0.0.1:${address.port}`, isDead: () => !server.listening, die };
}

/** With a registry on a store of its own; gives its port. */
async function withRegistry(site: FaultSite, work: (port: number) => Promise<void>): Promise<void> {
  const serve = ['registry', 'serve', '--addr', '127.0.0.1:0'];
  const registry = site.start(serve, { root: site.folder.at('served') });
  try {
    await work(Number(/127\.0\.0\.1:(\d+)/.exec(await registry.firstLine)?.[1]));
  } finally {
    registry.kill('SIGTERM');
    await registry.outcome;
  }
}

fault(
  'the registry dies during --push: the image is here, and is pushed the next time',
  async (site) => {
    await withRegistry(site, async (port) => {
      const context = site.context('COPY noise /noise\n');
      writeFileSync(join(context, 'noise'), noise(8));
      const proxy = await dyingProxy(port, { up: 4_000_000, down: 1e9 });
      const name = `${proxy.address}/app:1`;
      const said = await site.bad(1, ['build', '--progress=plain', '-t', name, '--push', context]);
      assert.ok(proxy.isDead());
      assert.match(said, /^ERROR: .*\n {2}cause: /m);
      assert.match(said, /^ {2}fix: /m);
      const listed = await site.good('images', '--format', '{{.Repository}}:{{.Tag}}');
      assert.ok(listed.split('\n').includes(name), listed);
      const again = `127.0.0.1:${port}/app:1`;
      const { exitCode, stderr } = await site.run([
        'build',
        '--progress=plain',
        '-t',
        again,
        '--push',
        context,
      ]);
      assert.equal(exitCode, 0, stderr);
      assert.equal(stderr.match(/ CACHED$/gm)?.length, 3, stderr);
      const other = { root: site.folder.at('other') };
      assert.equal((await site.run(['pull', again], other)).exitCode, 0);
    });
    assert.deepEqual(await site.leftIn(), []);
  },
);

fault(
  'the registry dies while its cache is read: the steps are run, the result is right',
  async (site) => {
    await withRegistry(site, async (port) => {
      const context = site.context('COPY noise /noise\nRUN echo made > /made\n');
      writeFileSync(join(context, 'noise'), noise(6));
      const cache = `type=registry,ref=127.0.0.1:${port}/cache:1`;
      await site.good('build', '--cache-to', `${cache},mode=max`, context);
      const proxy = await dyingProxy(port, { up: 1e9, down: 3_000_000 });
      const root = site.folder.at('second');
      const from = `type=registry,ref=${proxy.address}/cache:1`;
      const argv = ['build', '--progress=plain', '-t', 'app:1', '--cache-from', from, context];
      const { exitCode, stderr } = await site.run(argv, { root });
      assert.equal(exitCode, 0, stderr);
      assert.ok(proxy.isDead(), stderr);
      const run = await site.run(['run', '--rm', 'app:1', 'cat', '/made'], { root });
      assert.equal(run.stdout, 'made\n');
      assert.deepEqual(await site.leftIn(root), []);
    });
  },
);
