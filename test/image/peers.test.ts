/** Archives between us and the tools people have: skopeo and podman read ours, we read skopeo's. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import { encodedOf } from '#core/digest.ts';
import { familiarReference } from '#core/reference.ts';
import { loadImages } from '#image/load.ts';
import { saveImages } from '#image/save.ts';
import { sampleImage } from '#test/helpers/images.ts';
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

async function has(tool: string, t: TestContext): Promise<boolean> {
  try {
    await run(tool, ['--version']);
    return true;
  } catch {
    t.skip(`needs ${tool}: not installed here`);
    return false;
  }
}
