/** A tar becomes an image of one layer, or nothing at all. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { digestOf } from '#core/digest.ts';
import type { Event } from '#core/events.ts';
import { parseReference } from '#core/reference.ts';
import { listFiles } from '#image/files.ts';
import { type ImportOptions, importImage } from '#image/import.ts';
import { inspectImage } from '#image/inspect.ts';
import { directory, file, hardlink, streamOf, symlink, tarOf } from '#test/helpers/entries.ts';
import { type ImageFixture, imageFixture, PLATFORM } from '#test/helpers/layered-images.ts';

function request(fixture: ImageFixture, content: Uint8Array): ImportOptions {
  return {
    store: fixture.store,
    content: streamOf(content, 100),
    source: 'root.tar',
    name: parseReference('app:1'),
    config: { Cmd: ['/bin/sh'] },
    platform: PLATFORM,
    message: 'Imported from -',
    created: '2026-01-02T03:04:05Z',
  };
}

test('one layer, docker’s only history, the config as given', async () => {
  await using fixture = await imageFixture();
  const tar = await tarOf([directory('etc'), file('etc/x', 'hi'), symlink('l', 'etc/x')]);
  const { imageId } = await importImage(request(fixture, tar));
  const image = await inspectImage('app:1', fixture.look);
  assert.equal(image.imageId, imageId);
  assert.deepEqual(image.config, {
    created: '2026-01-02T03:04:05Z',
    ...PLATFORM,
    config: { Cmd: ['/bin/sh'] },
    history: [{ created: '2026-01-02T03:04:05Z', comment: 'Imported from -' }],
    rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
  });
  const files = await listFiles('app:1', fixture.look);
  assert.deepEqual(
    files.map(({ path }) => String(path)),
    ['/etc', '/etc/x', '/l'],
  );
});

test('compressed or not: the same image', async () => {
  await using fixture = await imageFixture();
  const tar = await tarOf([file('x', 'hi')]);
  const plain = await importImage(request(fixture, tar));
  const packed = await importImage(request(fixture, gzipSync(tar)));
  assert.equal(packed.imageId, plain.imageId);
});

test('without a name it is an image all the same; nothing at all is an empty one', async () => {
  await using fixture = await imageFixture();
  const { name: _, ...nameless } = request(fixture, Buffer.alloc(0));
  const { imageId } = await importImage(nameless);
  const image = await inspectImage(imageId, fixture.look);
  assert.deepEqual([image.tags, image.config.rootfs.diff_ids.length], [[], 1]);
  assert.deepEqual(await listFiles(imageId, fixture.look), []);
});

test('an archive of images is taken as it is, with a word about load', async () => {
  await using fixture = await imageFixture();
  const events: Event[] = [];
  const tar = await tarOf([file('manifest.json', '[]'), file('oci-layout', '{}')]);
  await importImage({ ...request(fixture, tar), events: (event) => void events.push(event) });
  assert.deepEqual(events, [
    {
      kind: 'note',
      level: 'warning',
      text: 'root.tar holds images, not a root file system: "slipway load" reads it',
    },
  ]);
});

const REFUSED: readonly (readonly [what: string, tar: () => Promise<Buffer>, code: string])[] = [
  ['no tar', async () => Buffer.from('garbage'), 'FILE_UNUSABLE'],
  ['no tar, but longer', async () => Buffer.alloc(2000, 'x'), 'FILE_UNUSABLE'],
  [
    'a cut tar',
    async () => (await tarOf([file('x', Buffer.alloc(3000))])).subarray(0, 1500),
    'ARCHIVE_INVALID',
  ],
  [
    'a cut gzip',
    async () => gzipSync(await tarOf([file('x', 'hi')])).subarray(0, 40),
    'ARCHIVE_INVALID',
  ],
  ['a path that leads out', () => tarOf([file('../x', 'hi')]), 'ENTRY_REFUSED'],
  ['a hard link to itself', () => tarOf([hardlink('x', 'x')]), 'ENTRY_REFUSED'],
  ['a root that is a file', () => tarOf([file('', 'hi')]), 'ENTRY_REFUSED'],
];

for (const [what, tar, code] of REFUSED) {
  test(`${what} is refused, and nothing stays`, async () => {
    await using fixture = await imageFixture();
    await assert.rejects(importImage(request(fixture, await tar())), { code });
    assert.deepEqual(fixture.store.images.list(), []);
    assert.deepEqual(leftIn(fixture), []);
  });
}

/** Blobs and half-written ones. */
function leftIn({ store }: ImageFixture): string[] {
  const found = readdirSync(store.paths.root, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile() && /blobs|ingest/.test(entry.parentPath))
    .map(({ name }) => name);
}
