/** Archives between us and the tools people have: docker, podman and skopeo read ours, we read theirs. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import { encodedOf } from '#core/digest.ts';
import { familiarReference, parseReference, repositoryKey } from '#core/reference.ts';
import { loadImages } from '#image/load.ts';
import { saveImages } from '#image/save.ts';
import type { LocalStore } from '#store/local-store.ts';
import {
  companionTag,
  putCompanion,
  sampleReferrer,
  sampleSignature,
} from '#test/helpers/companions.ts';
import { cannotStartDockerd, startDockerd } from '#test/helpers/dockerd.ts';
import { type SampleImage, sampleImage } from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const run = promisify(execFile);
const platform = { os: 'linux', architecture: 'amd64' };
const POLICY = '--insecure-policy';

describe('skopeo', () => {
  for (const form of ['docker-archive', 'oci-archive'] as const) {
    it(`reads our tar as ${form}: the image ID is ours`, async (t) => {
      if (!(await has('skopeo', t))) return;
      using folder = tempFolder();
      await using from = await temporaryStore();
      const image = await sampleImage();
      await storeImage(from.store, image, 'localhost/app:1');
      const output = folder.at('x.tar');
      await saveImages({ store: from.store, images: ['localhost/app:1'], output, platform });
      await run('skopeo', [POLICY, 'copy', `${form}:${output}`, `dir:${folder.at('out')}`]);
      const { stdout } = await run('skopeo', ['inspect', '--raw', `dir:${folder.at('out')}`]);
      const manifest: unknown = JSON.parse(stdout);
      assert.ok(stdout.includes(image.imageId), JSON.stringify(manifest));
    });

    it(`what it writes as ${form} is loaded with name and ID`, async (t) => {
      if (!(await has('skopeo', t))) return;
      using folder = tempFolder();
      await using from = await temporaryStore();
      await using to = await temporaryStore();
      const image = await sampleImage();
      await storeImage(from.store, image, 'localhost/app:1');
      const output = folder.at('x.tar');
      await saveImages({ store: from.store, images: ['localhost/app:1'], output, platform });
      const target = `${form}:${folder.at('y.tar')}:localhost/app:1`;
      await run('skopeo', [POLICY, 'copy', `oci-archive:${output}`, target]);
      const loaded = await loadImages({
        store: to.store,
        input: folder.at('y.tar'),
        platform,
        limit: pLimit(2),
      });
      assert.deepEqual(
        loaded.map(({ imageId, names }) => [imageId, ...names.map(familiarReference)]),
        [[image.imageId, 'localhost/app:1']],
      );
    });
  }
});

describe('podman', () => {
  it('loads our tar, several images and all their names', async (t) => {
    if (!(await has('podman', t))) return;
    if (process.getuid?.() !== 0) return t.skip('needs root: podman with its own --root');
    using folder = tempFolder();
    await using from = await temporaryStore();
    const [a, b] = [await sampleImage(), await sampleImage()];
    await storeImage(from.store, a, 'localhost/a:1', 'localhost/a:2');
    await storeImage(from.store, b, 'localhost/b:1');
    const output = folder.at('x.tar');
    const images = ['localhost/a', 'localhost/b:1'];
    await saveImages({ store: from.store, images, output, platform });
    const own = [
      ...['--root', folder.at('root'), '--runroot', folder.at('runroot')],
      ...['--storage-driver', 'vfs'],
    ];
    await run('podman', [...own, 'load', '-i', output]);
    const format = '{{.Repository}}:{{.Tag}} {{.ID}}';
    const { stdout } = await run('podman', [...own, 'images', '--no-trunc', '--format', format]);
    assert.deepEqual(stdout.trim().split('\n').sort(), [
      `localhost/a:1 sha256:${encodedOf(a.imageId)}`,
      `localhost/a:2 sha256:${encodedOf(a.imageId)}`,
      `localhost/b:1 sha256:${encodedOf(b.imageId)}`,
    ]);
  });
});

describe('docker', () => {
  it('loads our tar, signed or not, and we load what it saves: the ID stays', async (t) => {
    const unfit = await cannotStartDockerd();
    if (unfit !== undefined) return t.skip(unfit);
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    const image = await signedImage(from.store, 'localhost/app:1', 'gzip');
    const images = ['localhost/app:1'];
    await saveImages({ store: from.store, images, output: folder.at('x.tar'), platform });
    await using dockerd = await startDockerd();
    const { docker } = dockerd;
    assert.equal(await docker('load', '-i', folder.at('x.tar')), 'Loaded image: localhost/app:1');
    assert.equal(
      await docker('images', '--no-trunc', '--format', '{{.Repository}}:{{.Tag}} {{.ID}}'),
      `localhost/app:1 ${image.imageId}`,
    );
    await docker('save', '-o', folder.at('y.tar'), 'localhost/app:1');
    const input = folder.at('y.tar');
    const loaded = await loadImages({ store: to.store, input, platform, limit: pLimit(2) });
    assert.deepEqual(
      loaded.map(({ imageId, names }) => [imageId, ...names.map(familiarReference)]),
      [[image.imageId, 'localhost/app:1']],
    );
  });
});

describe('an archive with signatures', () => {
  it('is one image to podman, and to skopeo when told the tag', async (t) => {
    if (!(await has('podman', t)) || !(await has('skopeo', t))) return;
    if (process.getuid?.() !== 0) return t.skip('needs root: podman with its own --root');
    using folder = tempFolder();
    await using from = await temporaryStore();
    const image = await signedImage(from.store, 'localhost/app:1');
    const output = folder.at('x.tar');
    await saveImages({ store: from.store, images: ['localhost/app:1'], output, platform });
    const own = [
      ...['--root', folder.at('root'), '--runroot', folder.at('runroot')],
      ...['--storage-driver', 'vfs'],
    ];
    await run('podman', [...own, 'load', '-i', output]);
    const { stdout } = await run('podman', [...own, 'images', '-a', '--no-trunc', '-q']);
    assert.equal(stdout.trim(), image.imageId);
    for (const source of [`oci-archive:${output}:1`, `docker-archive:${output}`]) {
      const target = `dir:${folder.at(source.split(':')[0] ?? '')}`;
      await run('skopeo', [POLICY, 'copy', source, target]);
      const raw = await run('skopeo', ['inspect', '--raw', target]);
      assert.ok(raw.stdout.includes(image.imageId));
    }
  });
});

/** With an SBOM found by its subject and a signature found by its tag. */
async function signedImage(
  store: LocalStore,
  name: string,
  codec: 'none' | 'gzip' = 'none',
): Promise<SampleImage> {
  const image = await sampleImage({ codec });
  await storeImage(store, image, name);
  await using lease = await store.lease({ purpose: 'test' });
  const key = repositoryKey(parseReference(name));
  const repository = store.repository({ space: 'images', name: key, lease });
  await putCompanion(repository, sampleReferrer(image.manifest));
  const tag = companionTag(image.manifest.digest, '.sig');
  await putCompanion(repository, sampleSignature(), tag);
  return image;
}

async function has(tool: string, t: TestContext): Promise<boolean> {
  try {
    await run(tool, ['--version']);
    return true;
  } catch {
    t.skip(`needs ${tool}: not installed here`);
    return false;
  }
}
