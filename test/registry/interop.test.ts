/** Other people's clients against our server. Each is skipped aloud where it is not installed. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { algorithmOf, encodedOf } from '#core/digest.ts';
import { descriptorOf } from '#core/manifest.ts';
import { type SampleImage, sampleImage } from '#test/helpers/images.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 60_000;

async function skopeo(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('skopeo', args, { timeout: TIMEOUT_MS });
  return stdout;
}

async function isMissing(tool: string, t: TestContext): Promise<boolean> {
  try {
    await run(tool, ['--version'], { timeout: TIMEOUT_MS });
    return false;
  } catch {
    t.skip(`needs ${tool}: it is not installed`);
    return true;
  }
}

/** An OCI layout (image-spec image-layout.md) with one image named v1. */
function writeLayout(folder: TempFolder, image: SampleImage): string {
  const root = folder.at('layout');
  for (const { digest, bytes } of [...image.blobs, image.manifest]) {
    const path = folder.at('layout', 'blobs', algorithmOf(digest), encodedOf(digest));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
  const annotations = { 'org.opencontainers.image.ref.name': 'v1' };
  const manifests = [{ ...descriptorOf(image.manifest), annotations }];
  writeFileSync(folder.at('layout', 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(folder.at('layout', 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  return root;
}

describe('skopeo', () => {
  it('copies there and back, inspects, lists and deletes', async (t) => {
    if (await isMissing('skopeo', t)) return;
    await using registry = await temporaryRegistry();
    using folder = tempFolder();
    const image = await sampleImage({ codec: 'gzip', fileSize: 3_000_000 });
    const there = `docker://${registry.address}/team/app:v1`;
    await skopeo(
      'copy',
      '--insecure-policy',
      '--dest-tls-verify=false',
      `oci:${writeLayout(folder, image)}:v1`,
      there,
    );
    await using remote = remoteAt(registry.address, { repository: 'team/app' });
    assert.equal((await remote.resolve('v1')).digest, image.manifest.digest);

    const inspected = JSON.parse(await skopeo('inspect', '--tls-verify=false', there));
    assert.equal(inspected.Digest, image.manifest.digest);
    assert.deepEqual(inspected.RepoTags, ['v1']);
    const listed = await skopeo(
      'list-tags',
      '--tls-verify=false',
      `docker://${registry.address}/team/app`,
    );
    assert.deepEqual(JSON.parse(listed).Tags, ['v1']);

    const back = `oci:${folder.at('back')}:v1`;
    await skopeo('copy', '--insecure-policy', '--src-tls-verify=false', there, back);
    assert.equal(JSON.parse(await skopeo('inspect', back)).Digest, image.manifest.digest);
    const archive = `docker-archive:${folder.at('image.tar')}:team/app:v1`;
    await skopeo('copy', '--insecure-policy', '--src-tls-verify=false', there, archive);
    const again = `docker://${registry.address}/team/other:v2`;
    await skopeo('copy', '--insecure-policy', '--dest-tls-verify=false', archive, again);
    const config = await skopeo('inspect', '--config', '--tls-verify=false', again);
    assert.deepEqual(JSON.parse(config).rootfs.diff_ids, image.config.rootfs.diff_ids);

    await skopeo('delete', '--tls-verify=false', there);
    await assert.rejects(remote.resolve('v1'), { code: 'NAME_UNKNOWN' });
  });

  it('copies between two repositories of the registry', async (t) => {
    if (await isMissing('skopeo', t)) return;
    await using registry = await temporaryRegistry();
    using folder = tempFolder();
    const image = await sampleImage({ codec: 'gzip' });
    const [one, two] = ['one', 'two'].map((name) => `docker://${registry.address}/${name}:v1`);
    assert.ok(one && two);
    const layout = `oci:${writeLayout(folder, image)}:v1`;
    await skopeo('copy', '--insecure-policy', '--dest-tls-verify=false', layout, one);
    const insecure = ['--src-tls-verify=false', '--dest-tls-verify=false'];
    await skopeo('copy', '--insecure-policy', ...insecure, one, two);
    await using remote = remoteAt(registry.address, { repository: 'two' });
    assert.equal((await remote.resolve('v1')).digest, image.manifest.digest);
  });
});

describe('podman', () => {
  it('pulls what we pushed, and pushes it under another name', async (t) => {
    if (await isMissing('podman', t)) return;
    if (process.getuid?.() !== 0) return t.skip('needs root: podman with a store of its own');
    await using registry = await temporaryRegistry();
    using folder = tempFolder();
    const image = await sampleImage({ codec: 'gzip' });
    const layout = `oci:${writeLayout(folder, image)}:v1`;
    const store = ['--root', folder.at('root'), '--runroot', folder.at('run')];
    const podman = async (...args: readonly string[]): Promise<string> => {
      const all = [...store, '--storage-driver', 'vfs', '--cgroup-manager', 'cgroupfs', ...args];
      return (await run('podman', all, { timeout: TIMEOUT_MS })).stdout;
    };
    const first = `${registry.address}/team/app:v1`;
    if (await isMissing('skopeo', t)) return;
    const push = ['copy', '--insecure-policy', '--dest-tls-verify=false'];
    await skopeo(...push, layout, `docker://${first}`);
    await podman('pull', '--tls-verify=false', first);
    const second = `${registry.address}/team/copy:v2`;
    await podman('tag', first, second);
    await podman('push', '--tls-verify=false', second);
    await using remote = remoteAt(registry.address, { repository: 'team/copy' });
    assert.deepEqual(await Array.fromAsync(remote.tags()), ['v2']);
    await podman('rmi', '--all', '--force');
  });
});
