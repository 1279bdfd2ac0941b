/** Where the result of a build goes: each output through the real command, read by somebody else. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import { type CliOutcome, slipway, startSlipway } from '#test/helpers/cli-process.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

const DOCKERFILE = `FROM scratch
COPY --chmod=4755 file /bin/
COPY note /
LABEL own=1 other=2
`;

interface Site {
  readonly folder: TempFolder;
  readonly root: string;
  build(...argv: readonly string[]): Promise<CliOutcome>;
  good(...argv: readonly string[]): Promise<string>;
}

function siteIn(folder: TempFolder): Site {
  const root = folder.at('store');
  mkdirSync(folder.at('context'));
  writeFileSync(folder.at('context/Dockerfile'), DOCKERFILE);
  writeFileSync(folder.at('context/file'), 'a file\n');
  writeFileSync(folder.at('context/note'), 'a note\n');
  const run = (argv: readonly string[]) => slipway(argv, { root, cwd: folder.path });
  return {
    folder,
    root,
    build: (...argv) => run(['build', ...argv, folder.at('context')]),
    async good(...argv) {
      const { exitCode, stdout, stderr } = await run(argv);
      assert.equal(exitCode, 0, stderr);
      return stdout;
    },
  };
}

async function good(outcome: Promise<CliOutcome>): Promise<CliOutcome> {
  const { exitCode, stderr } = await outcome;
  assert.equal(exitCode, 0, stderr);
  return await outcome;
}

test('files for the caller, without setuid; the folder may be there, the store gets no image', async () => {
  using folder = tempFolder();
  const site = siteIn(folder);
  mkdirSync(folder.at('out/bin'), { recursive: true });
  writeFileSync(folder.at('out/bin/kept'), '');
  await good(site.build('-t', 'app:1', '-o', 'out'));
  assert.deepEqual(readdirSync(folder.at('out')).sort(), ['bin', 'note']);
  assert.deepEqual(readdirSync(folder.at('out/bin')).sort(), ['file', 'kept']);
  assert.equal(readFileSync(folder.at('out/note'), 'utf8'), 'a note\n');
  assert.equal(statSync(folder.at('out/bin/file')).mode & 0o7777, 0o755);
  assert.equal(await site.good('images', '-aq'), '');
});

test('a tar on standard output has the owners and modes of the image', async () => {
  using folder = tempFolder();
  const site = siteIn(folder);
  await good(site.build('-o', 'type=tar,dest=out.tar'));
  const { stdout } = await good(site.build('-o', '-'));
  assert.equal(stdout, readFileSync(folder.at('out.tar'), 'utf8'));
  const listed = execFileSync('tar', ['-tvf', folder.at('out.tar')], { encoding: 'utf8' });
  assert.match(listed, /^-rwsr-xr-x 0\/0 +7 .* bin\/file$/m);
});

test('an archive and a layout hold the same image, compressed; load gives it back', async () => {
  using folder = tempFolder();
  const site = siteIn(folder);
  const outputs = ['-o', 'type=oci,dest=x.tar', '-o', 'type=oci,tar=false,dest=layout'];
  const { stdout } = await good(site.build('-q', '-t', 'app:1', ...outputs));
  assert.equal(await site.good('images', '-aq'), '');
  const index = JSON.parse(readFileSync(folder.at('layout/index.json'), 'utf8'));
  const inTar = execFileSync('tar', ['-xOf', folder.at('x.tar'), 'index.json']);
  assert.equal(JSON.parse(String(inTar)).manifests[0].digest, index.manifests[0].digest);
  const hex = index.manifests[0].digest.slice('sha256:'.length);
  const manifest = JSON.parse(readFileSync(folder.at('layout/blobs/sha256', hex), 'utf8'));
  assert.equal(manifest.config.digest, stdout.trim());
  assert.deepEqual(
    manifest.layers.map(({ mediaType }: { readonly mediaType: string }) => mediaType),
    Array(2).fill('application/vnd.oci.image.layer.v1.tar+gzip'),
  );
  assert.equal(await site.good('load', '-i', 'x.tar'), 'Loaded image: app:1\n');
  const ids = await site.good('images', '-q', '--no-trunc');
  assert.equal(ids, stdout);
});

test("docker's media types, plain layers, labels and annotations", async () => {
  using folder = tempFolder();
  const site = siteIn(folder);
  const output = 'type=docker,tar=false,dest=layout,oci-mediatypes=false,compression=uncompressed';
  const described = ['--label', 'own=2', '--label', 'new', '--annotation', 'a=b'];
  await good(site.build('-o', output, ...described));
  const index = JSON.parse(readFileSync(folder.at('layout/index.json'), 'utf8'));
  const blob = (digest: string) =>
    JSON.parse(readFileSync(folder.at('layout/blobs', digest.replace(':', '/')), 'utf8'));
  const manifest = blob(index.manifests[0].digest);
  assert.deepEqual(manifest.annotations, { a: 'b' });
  assert.equal(manifest.mediaType, 'application/vnd.docker.distribution.manifest.v2+json');
  assert.equal(manifest.config.mediaType, 'application/vnd.docker.container.image.v1+json');
  assert.equal(manifest.layers[0].mediaType, 'application/vnd.docker.image.rootfs.diff.tar');
  const { config, history } = blob(manifest.config.digest);
  assert.deepEqual(config.Labels, { own: '2', other: '2', new: '' });
  assert.equal(history.length, 3);
});

test('--push and --metadata-file: the digest is the one the registry has', async () => {
  using folder = tempFolder();
  const site = siteIn(folder);
  const serve = ['registry', 'serve', '--addr', '127.0.0.1:0'];
  const registry = startSlipway(serve, { root: folder.at('served') });
  try {
    const address = /127\.0\.0\.1:\d+/.exec(await registry.firstLine)?.[0];
    const name = `${address}/team/app:1`;
    const also = `${address}/also:2`;
    const outputs = ['--push', '-o', `type=image,name=${also}`, '-o', 'out'];
    const { stderr } = await good(
      site.build('-t', name, ...outputs, '--metadata-file', 'meta.json', '--progress', 'plain'),
    );
    const metadata = JSON.parse(readFileSync(folder.at('meta.json'), 'utf8'));
    const digest = metadata['containerimage.digest'];
    assert.equal(metadata['image.name'], `${name},${also}`);
    for (const one of [name, also]) {
      assert.ok(stderr.includes(`pushing manifest for ${one}@${digest} done`), stderr);
      const url = `http://${one.replace('/', '/v2/').replace(/:(\d)$/, '/manifests/$1')}`;
      const answer = await fetch(url, {
        headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
      });
      assert.equal(answer.headers.get('docker-content-digest'), digest);
    }
    assert.ok(existsSync(folder.at('out/note')));
    const listed = await site.good('images', '--format', '{{.Repository}}:{{.Tag}}');
    assert.deepEqual(listed.trim().split('\n').sort(), [also, name].sort());
  } finally {
    registry.kill('SIGTERM');
    await registry.outcome;
  }
});

test('mode=delete leaves what the build made and nothing else', async () => {
  using folder = tempFolder();
  const site = siteIn(folder);
  for (const path of ['out/bin/old', 'out/gone/deep', 'out/note/was a folder', 'elsewhere']) {
    mkdirSync(folder.at(path), { recursive: true });
  }
  writeFileSync(folder.at('elsewhere/kept'), '');
  symlinkSync(folder.at('elsewhere'), folder.at('out/link'));
  writeFileSync(Buffer.concat([Buffer.from(`${folder.at('out')}/`), Buffer.from([0xff])]), '');
  await good(site.build('-o', 'type=local,dest=out,mode=delete'));
  assert.deepEqual(readdirSync(folder.at('out')).sort(), ['bin', 'note']);
  assert.deepEqual(readdirSync(folder.at('out/bin')), ['file']);
  assert.equal(readFileSync(folder.at('out/note'), 'utf8'), 'a note\n');
  assert.deepEqual(readdirSync(folder.at('elsewhere')), ['kept']);
});

test('mode=delete takes no folder that one lives in', async () => {
  using folder = tempFolder();
  const site = siteIn(folder);
  for (const dest of ['.', '/']) {
    const { exitCode, stderr } = await site.build('-o', `type=local,dest=${dest},mode=delete`);
    assert.equal(exitCode, 1);
    assert.match(stderr, /mode=delete would delete what is in \//);
    assert.match(stderr, /fix: give dest= a folder of its own/);
  }
  assert.ok(existsSync(folder.at('context/note')));
});

test('store=false pushes an image that the store does not keep, with what is said about it', async () => {
  using folder = tempFolder();
  const site = siteIn(folder);
  const serve = ['registry', 'serve', '--addr', '127.0.0.1:0'];
  const registry = startSlipway(serve, { root: folder.at('served') });
  try {
    const address = /127\.0\.0\.1:\d+/.exec(await registry.firstLine)?.[0];
    const output = ['-o', `type=registry,name=${address}/app:1,store=false`];
    await good(site.build(...output, '--provenance=true', '--metadata-file', 'meta.json'));
    assert.equal(await site.good('images', '-aq'), '');
    const metadata = JSON.parse(readFileSync(folder.at('meta.json'), 'utf8'));
    const digest = metadata['containerimage.digest'];
    assert.equal(metadata['image.name'], `${address}/app:1`);
    const referrers = await fetch(`http://${address}/v2/app/referrers/${digest}`);
    const { manifests } = JSON.parse(await referrers.text());
    assert.equal(manifests.length, 1);
    await site.good('pull', `${address}/app:1`);
    const strict = await site.build('--tls-verify', ...output);
    assert.equal(strict.exitCode, 1, 'the registry speaks plain HTTP');
    await good(site.build('--tls-verify', '-o', `${output[1]},registry.insecure=true`));
  } finally {
    registry.kill('SIGTERM');
    await registry.outcome;
  }
});

test('an image that nobody names is found by a prefix and its digest; cacheonly keeps none', async () => {
  using folder = tempFolder();
  const site = siteIn(folder);
  await good(site.build('-o', 'type=cacheonly', '-t', 'app:1'));
  assert.equal(await site.good('images', '-aq'), '');
  const meta = ['--metadata-file', 'meta.json'];
  const { stderr } = await good(
    site.build('-o', 'type=image,dangling-name-prefix=nobody', '--progress=plain', ...meta),
  );
  assert.match(stderr, /^#\d+ CACHED$/m);
  const metadata = JSON.parse(readFileSync(folder.at('meta.json'), 'utf8'));
  const name = `nobody@${metadata['containerimage.digest']}`;
  assert.match(await site.good('inspect', '--format', '{{.Id}}', name), /^sha256:/);
});

test('descriptors are annotated where they stand: in index.json and in the metadata', async () => {
  using folder = tempFolder();
  const site = siteIn(folder);
  const outputs = ['-o', 'type=oci,dest=x.tar', '-o', 'type=oci,tar=false,dest=layout'];
  const read = () => [
    JSON.parse(readFileSync(folder.at('layout/index.json'), 'utf8')).manifests.at(-1),
    JSON.parse(String(execFileSync('tar', ['-xOf', folder.at('x.tar'), 'index.json'])))
      .manifests[0],
    JSON.parse(readFileSync(folder.at('meta.json'), 'utf8'))['containerimage.descriptor'],
  ];
  const meta = ['--metadata-file', 'meta.json'];
  const one = ['--annotation', 'manifest-descriptor:a=b', '-t', 'app:1'];
  await good(site.build(...outputs, ...one, ...meta));
  for (const { annotations } of read()) assert.equal(annotations.a, 'b');
  assert.equal(read()[0].annotations['org.opencontainers.image.ref.name'], '1');
  const all = ['--platform', 'linux/amd64,linux/arm64', '-t', 'app:2'];
  const words = ['--annotation', 'index,index-descriptor:c=d', ...one];
  await good(site.build(...outputs, ...words, ...all, ...meta));
  for (const { annotations } of read()) {
    assert.equal(annotations.c, 'd');
    assert.equal(annotations.a, undefined);
  }
});

test('what cannot be put where it is wanted is said, and the image stays', async () => {
  using folder = tempFolder();
  const site = siteIn(folder);
  writeFileSync(folder.at('file'), '');
  for (const [argv, message] of [
    [['-o', 'file'], /^ERROR: .*destination .*\/file is not a directory\n.*\n {2}fix: /m],
    [['-o', 'type=tar,dest=none/x.tar'], /^ERROR: .*directory ".*\/none" does not exist$/m],
    [['--push'], /^tag is needed when pushing to registry$/m],
    [['-q', '-o', '-'], /^the image ID and the output cannot both go to standard output$/m],
    [['-t', '127.0.0.1:1/app:1', '--push'], /^ERROR: .*failed to push 127\.0\.0\.1:1\/app:1: /m],
  ] as const) {
    const { exitCode, stderr } = await site.build(...argv);
    assert.equal(exitCode, 1, stderr);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /^ {4}at /m);
  }
  const listed = await site.good('images', '--format', '{{.Repository}}:{{.Tag}}');
  assert.equal(listed, '127.0.0.1:1/app:1\n');
});
