/** slipway under the names of other programs: links, their builds, and what they leave and print. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { slipway, startSlipway } from '#test/helpers/cli-process.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

interface Site extends Disposable {
  readonly at: (name: string) => string;
  /** A command line of another program, through a link of its name. */
  readonly run: (line: string, options?: { readonly input?: Buffer }) => ReturnType<typeof slipway>;
}

async function site(): Promise<Site> {
  const folder = tempFolder();
  const links = tempFolder();
  const temporary = tempFolder();
  const root = folder.at('store');
  writeFileSync(folder.at('Dockerfile'), 'FROM scratch\nCOPY a /a\n');
  writeFileSync(folder.at('a'), 'A\n');
  const { exitCode, stdout, stderr } = await slipway(['shim', 'install', links.path], { root });
  assert.equal(exitCode, 0, stderr);
  assert.deepEqual(
    stdout.trimEnd().split('\n'),
    ['buildah', 'docker', 'docker-buildx', 'executor', 'kaniko', 'podman'].map((name) =>
      links.at(name),
    ),
  );
  return {
    at: folder.at,
    run: (line, { input } = {}) => {
      const [program = '', ...argv] = line.split(' ');
      return slipway(argv, {
        root,
        cwd: folder.path,
        temporary: temporary.path,
        program: links.at(program),
        ...(input === undefined ? {} : { input }),
      });
    },
    [Symbol.dispose]() {
      assert.deepEqual(readdirSync(temporary.path), []);
      for (const one of [folder, links, temporary]) one[Symbol.dispose]();
    },
  };
}

test('docker build, docker images, docker save', async () => {
  using here = await site();
  const built = await here.run('docker build -q -t app:1 .');
  assert.match(built.stdout, /^sha256:[0-9a-f]{64}\n$/, built.stderr);
  const images = await here.run('docker images --format {{.Repository}}:{{.Tag}}');
  assert.equal(images.stdout, 'app:1\n');
  assert.equal((await here.run('docker save -o app.tar app:1')).exitCode, 0);
  assert.ok(existsSync(here.at('app.tar')));
  const missing = await here.run('docker swarm init');
  assert.equal(missing.exitCode, 125);
  assert.equal(
    missing.stderr,
    "ERROR: docker: swarm is not implemented by slipway\n  fix: see 'slipway --help' for what is\n",
  );
});

test('docker-buildx is a plugin of docker', async () => {
  using here = await site();
  const metadata = await here.run('docker-buildx docker-cli-plugin-metadata');
  assert.equal(JSON.parse(metadata.stdout).SchemaVersion, '0.1.0');
  const built = await here.run('docker-buildx buildx build -t app:1 .');
  assert.equal(built.exitCode, 0, built.stderr);
});

test('podman and buildah print the ID as they do; short names are of localhost, too', async () => {
  using here = await site();
  const built = await here.run('podman build -t app:1 --iidfile id .');
  assert.match(built.stdout, /^[0-9a-f]{64}\n$/, built.stderr);
  assert.equal(readFileSync(here.at('id'), 'utf8'), `sha256:${built.stdout.trimEnd()}`);
  writeFileSync(here.at('Containerfile'), 'FROM localhost/app:1\nCOPY a /b\n');
  const quiet = await here.run('buildah bud -q -f Containerfile -t second .');
  assert.match(quiet.stdout, /^[0-9a-f]{64}\n$/, quiet.stderr);
  assert.equal(quiet.stderr, '');
  const pushed = await here.run('buildah push localhost/second docker-archive:second.tar');
  assert.equal(pushed.exitCode, 0, pushed.stderr);
  assert.ok(existsSync(here.at('second.tar')));
});

test('a flag that changes nothing is told with --debug, one that would is refused', async () => {
  using here = await site();
  const told = await here.run('podman --log-level debug build --compress .');
  assert.equal(told.exitCode, 0, told.stderr);
  assert.match(told.stderr, /^note: --compress changes nothing: /m);
  const silent = await here.run('podman build --compress .');
  assert.doesNotMatch(silent.stderr, /compress/);
  const refused = await here.run('podman build --cap-add ALL .');
  assert.equal(refused.exitCode, 125);
  assert.match(
    refused.stderr,
    /^ERROR: podman build: --cap-add is not implemented by slipway\n {2}fix: /,
  );
});

test('kaniko pushes, and writes the digest that the registry has', async () => {
  using here = await site();
  const serve = ['registry', 'serve', '--addr', '127.0.0.1:0'];
  const registry = startSlipway(serve, { root: here.at('served') });
  try {
    const address = /127\.0\.0\.1:\d+/.exec(await registry.firstLine)?.[0] ?? '';
    const image = `${address}/team/app:1`;
    const line = `executor --context dir://${here.at('.')} --dockerfile Dockerfile --destination ${image}`;
    const files = '--digest-file digest --image-name-with-digest-file name --tar-path app.tar';
    const built = await here.run(`${line} ${files} --cache=true --snapshot-mode=redo --cleanup`);
    assert.equal(built.exitCode, 0, built.stderr);
    const digest = readFileSync(here.at('digest'), 'utf8');
    assert.match(digest, /^sha256:[0-9a-f]{64}$/);
    assert.equal(readFileSync(here.at('name'), 'utf8'), `${address}/team/app@${digest}`);
    assert.ok(existsSync(here.at('app.tar')));
    const head = await fetch(`http://${address}/v2/team/app/manifests/1`, {
      method: 'HEAD',
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    });
    assert.equal(head.headers.get('docker-content-digest'), digest);
    const again = await here.run(`${line} --cache=true --no-push`);
    assert.match(again.stderr, / CACHED$/m);
    const without = await here.run(`${line} --no-push`);
    assert.doesNotMatch(without.stderr, / CACHED$/m);
  } finally {
    registry.kill('SIGTERM');
    await registry.outcome;
  }
});

test('kaniko reads a tar as its context, from a file and from stdin', async () => {
  using here = await site();
  const saved = await here.run('docker build -o type=tar,dest=ctx.tar -f Dockerfile .');
  assert.equal(saved.exitCode, 0, saved.stderr);
  writeFileSync(here.at('Dockerfile'), 'FROM scratch\nCOPY . /all/\n');
  const make = await here.run(`docker build -o type=tar,dest=ctx.tar -f - .`, {
    input: Buffer.from('FROM scratch\nCOPY Dockerfile a /\n'),
  });
  assert.equal(make.exitCode, 0, make.stderr);
  for (const context of [`tar://${here.at('ctx.tar')}`, 'tar://stdin']) {
    const input = context === 'tar://stdin' ? { input: readFileSync(here.at('ctx.tar')) } : {};
    const built = await here.run(`executor -c ${context} --no-push --tar-path out.tar`, input);
    assert.equal(built.exitCode, 0, built.stderr);
  }
});

test('install leaves what is there alone', async () => {
  using folder = tempFolder();
  symlinkSync('/bin/true', folder.at('podman'));
  const one = await slipway(['shim', 'install', folder.path, 'podman'], { root: folder.at('s') });
  assert.equal(one.exitCode, 1);
  assert.match(one.stderr, /^ERROR: failed to link .*\/podman\n/);
  assert.match(one.stderr, /^ {2}fix: something of that name is there/m);
  const none = await slipway(['shim', 'install', join(folder.path, 'none')], {
    root: folder.at('s'),
  });
  assert.equal(none.exitCode, 1);
  const again = ['shim', 'install', folder.path, 'docker'];
  for (const _ of [1, 2])
    assert.equal((await slipway(again, { root: folder.at('s') })).exitCode, 0);
});

test('a program that is none', async () => {
  const { exitCode, stderr } = await slipway(['shim', 'crane', 'pull'], { root: '/nonexistent' });
  assert.equal(exitCode, 125);
  assert.match(stderr, /^unknown program: crane\nthe programs are buildah, docker, /);
});
