/** `slipway imagetools` by the real command, alone and as buildx's through the shim. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { slipway } from '#test/helpers/cli-process.ts';
import { startDockerRegistry } from '#test/helpers/docker-registry.ts';
import { putImage, putIndex, sampleImage, sampleIndex } from '#test/helpers/images.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import { peers } from '#test/interop/host.ts';

async function done(...argv: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await slipway(argv);
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

async function failed(...argv: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await slipway(argv);
  assert.deepEqual([exitCode, stdout], [1, ''], stderr);
  return stderr;
}

async function putParts(address: string): Promise<void> {
  await using remote = remoteAt(address);
  for (const tag of ['amd64', 'arm64', 's390x']) {
    await putImage(
      remote,
      await sampleImage({ platform: { os: 'linux', architecture: tag } }),
      tag,
    );
  }
}

async function create(address: string): Promise<void> {
  using folder = tempFolder();
  await putParts(address);
  const parts = `${address}/test/app`;
  const name = `${address}/made/app:1`;
  const platforms = async (): Promise<string> =>
    await done(
      'imagetools',
      'inspect',
      '--format',
      '{{range .Manifest.Manifests}}{{.Platform.Architecture}} {{end}}',
      name,
    );
  const made = ['imagetools', 'create', '-t', name];
  assert.equal(await done(...made, `${parts}:amd64`, `${parts}:arm64`), '');
  assert.equal(await platforms(), 'amd64 arm64 \n');
  await done('buildx', ...made, '--append', `${parts}:s390x`);
  assert.equal(await platforms(), 'amd64 arm64 s390x \n');
  // All of it is there: it can be pulled.
  const pull = ['pull', '-q', '--platform', 'linux/s390x', '--root', folder.at('store'), name];
  assert.equal(await done(...pull), `${name}\n`);

  // A digest alone is of the repository of the tag; a file holds a descriptor.
  const digest = (await done('digest', '--platform', 'linux/arm64', name)).trim();
  await done(...made, digest);
  assert.equal(await platforms(), 'arm64 \n');
  const { size } = await remoteAt(address).resolve('amd64');
  const amd64 = (await done('digest', `${parts}:amd64`)).trim();
  const descriptor = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: amd64,
    size,
  };
  writeFileSync(
    folder.at('descriptor.json'),
    JSON.stringify({
      ...descriptor,
      platform: { os: 'linux', architecture: 'amd64', variant: 'v3' },
    }),
  );
  const dry = await done(
    'imagetools',
    'create',
    '--dry-run',
    '-t',
    `${parts}:x`,
    '-f',
    folder.at('descriptor.json'),
  );
  assert.equal(JSON.parse(dry).manifests[0].platform.variant, 'v3');
}

describe('imagetools create', () => {
  it('in our own registry', async () => {
    await using registry = await temporaryRegistry();
    await create(registry.address);
  });

  it('in docker-registry', async (t) => {
    const unfit = await peers().unfit('docker-registry');
    if (unfit !== undefined) return t.skip(unfit);
    await using registry = await startDockerRegistry();
    await create(registry.address);
  });

  it('a copy into another registry is the same digest, with all its images', async () => {
    await using there = await temporaryRegistry();
    await using here = await temporaryRegistry();
    await using remote = remoteAt(there.address);
    const index = await sampleIndex();
    await putIndex(remote, index, 'v1');
    await done(
      'imagetools',
      'create',
      '-t',
      `${here.address}/copy:v1`,
      `${there.address}/test/app:v1`,
    );
    await using copy = remoteAt(here.address, { repository: 'copy' });
    assert.equal((await copy.resolve('v1')).digest, index.manifest.digest);
    for (const image of index.images) {
      for (const { digest } of image.blobs) assert.ok(await copy.blobs.stat(digest));
    }
    // Only what is wanted is brought along.
    const one = [
      '--platform',
      'linux/arm64',
      '-t',
      `${here.address}/one:v1`,
      `${there.address}/test/app:v1`,
    ];
    await done('imagetools', 'create', ...one);
    await using only = remoteAt(here.address, { repository: 'one' });
    const [amd64, arm64] = index.images;
    assert.ok(amd64 && arm64);
    assert.ok(await only.getManifest(arm64.manifest.digest));
    await assert.rejects(only.getManifest(amd64.manifest.digest), { code: 'MANIFEST_UNKNOWN' });
  });

  it('refusals', async () => {
    const digest = digestOf(Buffer.from('x'));
    for (const [argv, message] of [
      [[], 'no sources specified'],
      [['x'], "can't push with no tags specified, please set --tag or --dry-run"],
      [['--dry-run', digest], 'no repositories specified, please set a reference in tag or source'],
      [
        ['-t', 'a', 'b', digest],
        `multiple repositories specified, cannot infer repository for "${digest}"`,
      ],
      [['-t', 'a', '{"digest": 1}'], 'ERROR: descriptor: /mediaType is missing'],
      [['-t', 'a', '{'], 'ERROR: descriptor is not valid JSON'],
      [['-t', 'a', '-f', '/nonexistent'], 'ERROR: /nonexistent: no such file'],
    ] as const) {
      const said = await failed('imagetools', 'create', ...argv);
      assert.ok(said.startsWith(message), said);
    }
  });
});

describe('imagetools inspect', () => {
  it('shows what there is, as buildx’s and in any place', async () => {
    using folder = tempFolder();
    await using registry = await temporaryRegistry();
    await using remote = remoteAt(registry.address);
    const index = await sampleIndex();
    await putIndex(remote, index, 'v1');
    const name = `${registry.address}/test/app:v1`;
    const text = await done('imagetools', 'inspect', name);
    assert.ok(text.startsWith(`Name:      ${name}\nMediaType: ${index.manifest.mediaType}\n`));
    assert.equal(await done('shim', 'docker', 'buildx', 'imagetools', 'inspect', name), text);
    assert.equal(await done('shim', 'docker-buildx', 'imagetools', 'inspect', name), text);
    const raw = await done('imagetools', 'inspect', '--raw', name);
    assert.equal(digestOf(Buffer.from(raw)), index.manifest.digest);
    const root = folder.at('store');
    await done('pull', '-q', '--root', root, '--platform', 'linux/amd64', name);
    const stored = await done('imagetools', 'inspect', '--root', root, `store:${name}`);
    assert.ok(stored.startsWith(`Name:      store:${name}\n`));
    assert.match(
      await failed('imagetools', 'inspect', '--raw', '--format', 'x', name),
      /cannot be used together/,
    );
  });
});
