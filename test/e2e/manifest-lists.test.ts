/** `slipway manifest` by the real command, beside docker's where there is one: the same to the byte. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { encodeIndex } from '#core/manifest.ts';
import { slipway } from '#test/helpers/cli-process.ts';
import { startDockerRegistry } from '#test/helpers/docker-registry.ts';
import { putImage, putIndex, sampleImage, sampleIndex } from '#test/helpers/images.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import { peers } from '#test/interop/host.ts';

const execute = promisify(execFile);

function commandIn(root: string) {
  return {
    done: async (...argv: string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await slipway(['manifest', ...argv], { root });
      assert.equal(exitCode, 0, stderr);
      return stdout;
    },
    failed: async (...argv: string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await slipway(['manifest', ...argv], { root });
      assert.deepEqual([exitCode, stdout], [1, ''], stderr);
      return stderr.split('\n')[0] ?? '';
    },
  };
}

/** `app:amd64` and `app:arm64` in a repository. */
async function putParts(address: string, repository = 'test/app'): Promise<void> {
  await using remote = remoteAt(address, { repository });
  for (const [tag, variant] of [
    ['amd64', ''],
    ['arm64', 'v8'],
  ] as const) {
    const platform = { os: 'linux', architecture: tag, ...(variant ? { variant } : {}) };
    await putImage(remote, await sampleImage({ platform }), tag);
  }
}

async function makeList(address: string): Promise<void> {
  using folder = tempFolder();
  const { done, failed } = commandIn(folder.at('store'));
  await putParts(address);
  const name = `${address}/test/app`;
  const [list, amd64, arm64] = [`${name}:all`, `${name}:amd64`, `${name}:arm64`];
  assert.equal(await done('create', list, amd64), `Created manifest list ${list}\n`);
  assert.equal(
    await failed('create', list, arm64),
    'ERROR: refusing to amend an existing manifest list with no --amend flag',
  );
  await done('create', '--amend', list, arm64);
  await done('annotate', '--os-features', 'a,b', '--os-version=2', list, arm64);
  const shown = JSON.parse(await done('inspect', list));
  assert.deepEqual(
    shown.manifests.map(({ platform }: { platform: unknown }) => platform),
    [
      { architecture: 'amd64', os: 'linux' },
      {
        architecture: 'arm64',
        os: 'linux',
        'os.version': '2',
        'os.features': ['a', 'b'],
        variant: 'v8',
      },
    ],
  );
  const digest = (await done('push', list)).trim();
  await using remote = remoteAt(address);
  const pushed = await remote.getManifest('all');
  assert.equal(pushed.digest, digest);
  assert.equal(`${Buffer.from(pushed.bytes)}\n`, await done('inspect', list));

  // Another repository of the registry gets what it lacks first, and the list is forgotten.
  const other = `${address}/test/other:all`;
  await done('create', other, amd64);
  assert.match(
    await done('push', '--purge', other),
    /^Pushed ref .*\/test\/other@(sha256:\w+) with digest: \1\nsha256:\w+\n$/,
  );
  await using copied = remoteAt(address, { repository: 'test/other' });
  const [image] = JSON.parse(
    Buffer.from((await copied.getManifest('all')).bytes).toString(),
  ).manifests;
  assert.ok(await copied.getManifest(image.digest));
  assert.equal(await failed('push', other), `ERROR: No such manifest: ${other}`);

  assert.equal(await failed('create', `${name}:x`, list), `ERROR: ${list} is a manifest list`);
  assert.equal(
    await failed('create', `${name}:x`, `${name}:none`),
    `ERROR: no such manifest: ${name}:none`,
  );
  assert.equal(
    await failed('annotate', '--os=linux', list, `${name}:none`),
    `ERROR: manifest for image ${name}:none does not exist in ${list}`,
  );
  assert.equal(await failed('rm', list, `${name}:none`), `ERROR: No such manifest: ${name}:none`);
  assert.equal(await failed('push', list), `ERROR: No such manifest: ${list}`);
}

describe('manifest lists', () => {
  it('are made, amended, annotated and pushed to our own registry', async () => {
    await using registry = await temporaryRegistry();
    await makeList(registry.address);
  });

  it('and to docker-registry', async (t) => {
    const unfit = await peers().unfit('docker-registry');
    if (unfit !== undefined) return t.skip(unfit);
    await using registry = await startDockerRegistry();
    await makeList(registry.address);
  });

  it('of images in another registry bring them along', async () => {
    using folder = tempFolder();
    const { done } = commandIn(folder.at('store'));
    await using there = await temporaryRegistry();
    await using here = await temporaryRegistry();
    await putParts(there.address);
    const list = `${here.address}/mine:all`;
    await done('create', list, `${there.address}/test/app:arm64`);
    assert.match(await done('push', list), /^Pushed ref /);
    await using remote = remoteAt(here.address, { repository: 'mine' });
    const { layers, config } = await imageOfList(remote);
    for (const { digest } of [...layers, config]) assert.ok(await remote.blobs.stat(digest));
  });

  it('look and are as docker’s', async (t) => {
    const unfit = await peers().unfit('docker');
    if (unfit !== undefined) return t.skip(unfit);
    using folder = tempFolder();
    await using registry = await temporaryRegistry();
    const { done } = commandIn(folder.at('store'));
    const env = { ...process.env, DOCKER_CONFIG: folder.at('docker') };
    const docker = async (...words: string[]): Promise<string> =>
      (await execute('docker', ['manifest', ...words], { env })).stdout;
    await putParts(registry.address);
    const name = `${registry.address}/test/app`;
    await using remote = remoteAt(registry.address);
    await putIndex(remote, await sampleIndex(), 'index');
    const [list, amd64, arm64] = [`${name}:all`, `${name}:amd64`, `${name}:arm64`];
    const both = async (verb: string, ...words: string[]): Promise<void> => {
      assert.equal(await done(verb, ...words), await docker(verb, ...words), words.join(' '));
    };
    await both('create', '--insecure', list, arm64, amd64);
    await both('annotate', '--variant', 'v9', '--os-features', 'a,b', list, arm64);
    for (const words of [[list], [arm64], [list, arm64]]) {
      await both('inspect', '--insecure', ...words);
      await both('inspect', '--insecure', '-v', ...words);
    }
    // docker writes what it knows of an index in an order of its own; ours is the registry's.
    const index = ['inspect', '--insecure', `${name}:index`];
    assert.deepEqual(JSON.parse(await done(...index)), JSON.parse(await docker(...index)));
    await both('push', '--insecure', list);
    await both('rm', list);
  });

  it('of a registry show all that they hold', async () => {
    using folder = tempFolder();
    await using registry = await temporaryRegistry();
    await using remote = remoteAt(registry.address);
    const { manifest } = await sampleIndex([]);
    const noted = encodeIndex([], { annotations: { note: 'kept' } });
    await remote.putManifest(noted, { tag: 'noted' });
    await remote.putManifest(manifest, { tag: 'empty' });
    const { done } = commandIn(folder.at('store'));
    const shown = JSON.parse(await done('inspect', `${registry.address}/test/app:noted`));
    assert.deepEqual(shown.annotations, { note: 'kept' });
    assert.equal(await done('inspect', '-v', `${registry.address}/test/app:empty`), '[]\n');
  });
});

async function imageOfList(remote: ReturnType<typeof remoteAt>) {
  const list = JSON.parse(Buffer.from((await remote.getManifest('all')).bytes).toString());
  const image = await remote.getManifest(list.manifests[0].digest);
  return JSON.parse(Buffer.from(image.bytes).toString());
}
