/**
 * What was copied, read by others: from Debian's docker-registry and from archives, with the digests that
 * the image had where it came from. And sync, with pruning, between registries that are not ours.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { copier, putSignedIndex } from '#test/helpers/copying.ts';
import { startDockerRegistry } from '#test/helpers/docker-registry.ts';
import { cannotStartDockerd, startDockerd } from '#test/helpers/dockerd.ts';
import { putImage, sampleImage } from '#test/helpers/images.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { peers } from '#test/interop/host.ts';

describe('others read what was copied', () => {
  for (const tool of ['skopeo', 'podman'] as const) {
    it(`${tool}, from a registry and from an archive, with the same digests`, async (t) => {
      const host = peers();
      for (const program of ['docker-registry', tool]) {
        const unfit = await host.unfit(program);
        if (unfit !== undefined) return t.skip(unfit);
      }
      await using here = await copier();
      await using a = await temporaryRegistry();
      await using b = await startDockerRegistry();
      await using from = remoteAt(a.address);
      const index = await putSignedIndex(from, '1');
      const image = `${b.address}/test/app:1`;
      const archive = here.folder.at('x.tar');
      await here.engine.copy(`${a.address}/test/app:1`, image);
      await here.engine.copy(image, `oci-archive:${archive}:v1`);
      for (const place of [`docker://${image}`, `oci-archive:${archive}:v1`]) {
        if (tool === 'skopeo') {
          const words = ['--tls-verify=false', '--raw', place];
          const raw = await host.run('skopeo', 'inspect', ...words);
          assert.equal(digestOf(raw), index.manifest.digest);
          const copy = ['--all', '--src-tls-verify=false', place, `dir:${here.folder.at('dir')}`];
          await host.run('skopeo', 'copy', '--insecure-policy', ...copy);
        } else {
          const root = ['--root', here.folder.at('podman'), '--runroot', here.folder.at('run')];
          const pull = ['pull', '-q', '--tls-verify=false', place];
          const id = await host.run('podman', ...root, '--storage-driver=vfs', ...pull);
          const own = index.images[process.arch === 'arm64' ? 1 : 0]?.imageId;
          assert.equal(`sha256:${id}`, own);
        }
      }
    });
  }
});

it('docker, from a registry and from an archive', async (t) => {
  const host = peers();
  const unfit =
    (await cannotStartDockerd(host, 'classic')) ?? (await host.unfit('docker-registry'));
  if (unfit !== undefined) return t.skip(unfit);
  await using here = await copier();
  await using a = await temporaryRegistry();
  await using b = await startDockerRegistry();
  await using from = remoteAt(a.address);
  const index = await putSignedIndex(from, '1');
  const own = index.images[process.arch === 'arm64' ? 1 : 0];
  const image = `${b.address}/test/app:1`;
  await here.engine.copy(`${a.address}/test/app:1`, image);
  const archive = here.folder.at('x.tar');
  await here.engine.copy(image, `docker-archive:${archive}:fresh:2`);
  await using daemon = await startDockerd(host, 'classic');
  const pulled = await daemon.docker('pull', image);
  assert.match(pulled, new RegExp(`Digest: ${index.manifest.digest}`));
  const idOf = (name: string) => daemon.docker('inspect', '--format', '{{.Id}}', name);
  assert.equal(await idOf(image), own?.imageId);
  await daemon.docker('rmi', image);
  await daemon.docker('load', '-q', '-i', archive);
  assert.equal(await idOf('fresh:2'), own?.imageId);
});

it('sync between two of docker-registry: copied, unchanged, pruned', async (t) => {
  const unfit = await peers().unfit('docker-registry');
  if (unfit !== undefined) return t.skip(unfit);
  await using here = await copier();
  await using a = await startDockerRegistry();
  await using b = await startDockerRegistry();
  await using from = remoteAt(a.address, { repository: 'team/app' });
  const index = await putSignedIndex(from, '1.0', 'latest');
  await putImage(from, await sampleImage(), '0.9');
  const path = here.folder.at('mirror.yaml');
  await writeFile(
    path,
    `images: [{registry: "${a.address}", destination: "${b.address}/m", tags: {exclude: '^0'}}]`,
  );
  const actions = async (): Promise<readonly string[]> => {
    const { steps, failures } = await here.engine.sync(path, { prune: true });
    assert.deepEqual(failures, []);
    return steps.map(({ action, to }) => `${action} ${to.replace(/.*:/, '')}`).sort();
  };
  assert.deepEqual(await actions(), ['copy 1.0', 'copy latest']);
  assert.deepEqual(await actions(), ['keep 1.0', 'keep latest']);
  await using to = remoteAt(b.address, { repository: 'm/team/app' });
  await to.putManifest(await to.getManifest('1.0'), { tag: 'mine' });
  assert.deepEqual(await actions(), ['keep 1.0', 'keep latest', 'remove mine']);
  assert.equal((await to.resolve('1.0')).digest, index.manifest.digest);
  const [, second] = index.images;
  const listed = await to.referrers(second?.manifest.digest ?? index.manifest.digest);
  assert.deepEqual(
    listed.map(({ digest }) => digest),
    [index.sbom.digest],
  );
});
