/** A disk that is full to the last byte: the store can be opened, and room be made. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, statfsSync } from 'node:fs';
import { it } from 'node:test';
import { LocalStore } from '#store/local-store.ts';
import { sampleImage } from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

it('full to the last byte: prune makes room, and the reserve is made again', async (t) => {
  if (process.geteuid?.() !== 0) {
    t.skip('needs root: a disk of its own is mounted');
    return;
  }
  using folder = tempFolder();
  const disk = folder.at('disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
  try {
    const root = `${disk}/store`;
    const image = await sampleImage({ fileSize: 200_000 });
    {
      await using store = await LocalStore.open({ root });
      await storeImage(store, image, 'app:1');
    }
    fill(`${disk}/others`);
    {
      await using store = await LocalStore.open({ root });
      const [known] = store.images.list();
      assert.ok(known);
      assert.equal(existsSync(store.paths.reserve), false);
      const manifests = [known];
      const { freedBytes } = await store.prune({ images: [{ imageId: image.imageId, manifests }] });
      assert.ok(freedBytes > 400_000);
    }
    await using store = await LocalStore.open({ root });
    assert.ok(existsSync(store.paths.reserve));
    assert.deepEqual((await store.check()).problems, []);
  } finally {
    execFileSync('umount', [disk]);
  }
});

function fill(path: string): void {
  assert.throws(
    () => {
      for (;;) appendFileSync(path, Buffer.alloc(64 * 1024, 1));
    },
    { code: 'ENOSPC' },
  );
  const { bavail } = statfsSync(path);
  assert.equal(bavail, 0);
}
