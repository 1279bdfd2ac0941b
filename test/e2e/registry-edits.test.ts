/** digest and tag rm by the real command: our server, docker-registry, the store and an archive. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { slipway } from '#test/helpers/cli-process.ts';
import { startDockerRegistry } from '#test/helpers/docker-registry.ts';
import { putIndex, sampleIndex } from '#test/helpers/images.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import { peers } from '#test/interop/host.ts';

interface Run {
  readonly done: (...argv: string[]) => Promise<string>;
  readonly failed: (...argv: string[]) => Promise<string>;
}

function runIn(root: string): Run {
  return {
    done: async (...argv) => {
      const { exitCode, stdout, stderr } = await slipway(argv, { root });
      assert.equal(exitCode, 0, stderr);
      return stdout;
    },
    failed: async (...argv) => {
      const { exitCode, stdout, stderr } = await slipway(argv, { root });
      assert.deepEqual([exitCode, stdout], [1, ''], stderr);
      return stderr;
    },
  };
}

async function digestsAndTags(address: string, way: RegExp): Promise<void> {
  using folder = tempFolder();
  const { done, failed } = runIn(folder.at('store'));
  await using remote = remoteAt(address);
  const index = await sampleIndex();
  const [amd64, arm64] = index.images;
  const { digest } = index.manifest;
  await putIndex(remote, index, 'v1');
  const name = `${address}/test/app:v1`;
  assert.equal(await done('digest', name), `${digest}\n`);
  assert.equal(await done('digest', '--full-ref', name), `${address}/test/app@${digest}\n`);
  const platform = (text: string) => done('digest', '--platform', text, name);
  assert.equal(await platform('linux/amd64'), `${amd64?.manifest.digest}\n`);
  assert.equal(await platform('linux/arm64/v8'), `${arm64?.manifest.digest}\n`);
  assert.match(await failed('digest', '--platform', 'linux/s390x', name), /linux\/s390x/);
  assert.match(await failed('digest', `${address}/test/app:v2`), /not found: manifest unknown/);

  await done('pull', '-q', '--platform', 'linux/amd64', name);
  const here = (await done('digest', `store:${name}`)).trim();
  assert.equal(await done('digest', `store:${address}/test/app@${here}`), `${here}\n`);
  await done('save', '-o', folder.at('x.tar'), name);
  assert.equal(await done('digest', `bundle:${folder.at('x.tar')}`), `${here}\n`);
  assert.match(await failed('digest', '--full-ref', folder.at('x.tar')), /has no name/);

  const [untagged, kept] = (await done('tag', 'rm', name)).trimEnd().split('\n');
  assert.equal(untagged, `Untagged: ${name}`);
  assert.match(kept ?? '', way);
  assert.equal(kept?.split(' ')[1], digest);
  assert.equal(await done('ls', `${address}/test/app`), '');
  assert.equal(await done('digest', `${address}/test/app@${digest}`), `${digest}\n`);
  assert.match(await failed('tag', 'rm', name), /not found: manifest unknown/);
  assert.match(await failed('tag', 'rm', `${address}/test/app@${digest}`), /names a digest/);
  assert.match(await failed('tag', 'rm', `store:${name}`), /slipway rmi/);
}

describe('digests and tags', () => {
  it('in our own registry', async () => {
    await using registry = await temporaryRegistry();
    await digestsAndTags(registry.address, /\(the registry deletes tags\)$/);
  });

  it('in docker-registry', async (t) => {
    const unfit = await peers().unfit('docker-registry');
    if (unfit !== undefined) return t.skip(unfit);
    await using registry = await startDockerRegistry();
    await digestsAndTags(registry.address, /\(the registry deletes no tags: /);
  });

  it('in a registry that deletes nothing: said, and as before', async () => {
    using folder = tempFolder();
    const { done, failed } = runIn(folder.at('store'));
    await using registry = await temporaryRegistry({ allowDelete: false });
    await using remote = remoteAt(registry.address);
    const index = await sampleIndex();
    await putIndex(remote, index, 'v1');
    const name = `${registry.address}/test/app:v1`;
    const said = await failed('tag', 'rm', name);
    assert.match(
      said,
      /^ERROR: the registry deletes neither tags \(.*\) nor manifests \(.*\)\n {2}fix: /,
    );
    assert.equal(await done('digest', name), `${index.manifest.digest}\n`);
  });
});
