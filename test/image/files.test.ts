/** Listing and reading files of an image. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { listFiles, readImageFile } from '#image/files.ts';
import { device, directory, file, symlink } from '#test/helpers/entries.ts';
import { type ImageFixture, imageFixture } from '#test/helpers/layered-images.ts';

const LAYERS = [
  [
    directory('etc', { mode: 0o750, uid: 1, gid: 2 }),
    file('etc/a', 'a'),
    file('etc/sub/b', 'bb'),
    symlink('abs', '/etc/sub'),
    symlink('out', '../../../etc/a'),
    symlink('loop', 'loop'),
    device('null', { kind: 'char', major: 1, minor: 3 }),
  ],
  [file('etc/a', 'new')],
];

async function paths(fixture: ImageFixture, path?: string, depthMax?: number): Promise<string[]> {
  const files = await listFiles('app', {
    ...fixture.look,
    ...(path === undefined ? {} : { path }),
    ...(depthMax === undefined ? {} : { depthMax }),
  });
  return files.map((one) => one.path);
}

async function content(fixture: ImageFixture, path: string): Promise<string> {
  const output = new PassThrough();
  const all = text(output);
  await readImageFile('app', { ...fixture.look, path, output });
  output.end();
  return await all;
}

test('everything with its metadata and the layer that brought it', async () => {
  await using fixture = await imageFixture();
  const image = await fixture.add('app', LAYERS);
  const files = await listFiles('app', fixture.look);
  const found = new Map(files.map((one) => [String(one.path), one]));
  assert.deepEqual(
    [...found.keys()],
    ['/abs', '/etc', '/etc/a', '/etc/sub', '/etc/sub/b', '/loop', '/null', '/out'],
  );
  assert.deepEqual(found.get('/etc'), {
    path: '/etc',
    kind: 'directory',
    mode: 0o750,
    uid: 1,
    gid: 2,
    size: 0,
    mtimeSeconds: 1_700_000_000,
    layer: 1,
    layerId: image.layers[0]?.diffId,
  });
  assert.deepEqual([found.get('/etc/a')?.layer, found.get('/etc/a')?.size], [2, 3]);
  assert.equal(found.get('/etc/sub')?.layer, undefined);
  assert.equal(found.get('/abs')?.target, '/etc/sub');
  assert.deepEqual(found.get('/null')?.device, { major: 1, minor: 3 });
});

test('below a folder, one file, a symlink to a folder, some levels only', async () => {
  await using fixture = await imageFixture();
  await fixture.add('app', LAYERS);
  assert.deepEqual(await paths(fixture, 'etc'), ['/etc/a', '/etc/sub', '/etc/sub/b']);
  assert.deepEqual(await paths(fixture, '/etc/./a'), ['/etc/a']);
  assert.deepEqual(await paths(fixture, '/abs/'), ['/etc/sub/b']);
  assert.deepEqual(await paths(fixture, '/etc', 1), ['/etc/a', '/etc/sub']);
  await assert.rejects(paths(fixture, '/nope'), {
    code: 'PATH_UNKNOWN',
    message: 'Could not find the file /nope in image app',
  });
});

test('content: symlinks followed, never out of the image', async () => {
  await using fixture = await imageFixture();
  await fixture.add('app', LAYERS);
  assert.equal(await content(fixture, '/etc/a'), 'new');
  assert.equal(await content(fixture, 'abs/b'), 'bb');
  assert.equal(await content(fixture, '/out'), 'new');
  await assert.rejects(content(fixture, '/etc'), {
    code: 'FILE_UNUSABLE',
    message: '/etc: Is a directory',
  });
  await assert.rejects(content(fixture, '/null'), { code: 'FILE_UNUSABLE' });
  await assert.rejects(content(fixture, '/loop'), { code: 'LINK_LOOP' });
  await assert.rejects(content(fixture, '/etc/a/x'), { code: 'PATH_UNKNOWN' });
});
