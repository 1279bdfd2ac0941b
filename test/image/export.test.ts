/** The root file system of an image as a tar, and the way back. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { readTar } from '#archive/tar-read.ts';
import { parseReference } from '#core/reference.ts';
import { diffImages } from '#image/diff.ts';
import { exportRoot } from '#image/export.ts';
import { importImage } from '#image/import.ts';
import {
  collect,
  device,
  directory,
  fifo,
  file,
  hardlink,
  name,
  streamOf,
  symlink,
} from '#test/helpers/entries.ts';
import { type ImageFixture, imageFixture, PLATFORM } from '#test/helpers/layered-images.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const LAYERS = [
  [
    directory('', { mode: 0o700, uid: 7 }),
    directory('etc'),
    file('etc/gone', 'gone'),
    file('etc/kept', 'kept', { mode: 0o4755, uid: 3_000_000, gid: 5 }),
    file('opt/old/x', 'x'),
    file('lower', 'lower'),
    device('null', { kind: 'char', major: 1, minor: 3 }),
    fifo('fifo'),
  ],
  [
    file('etc/.wh.gone'),
    file('opt/old/.wh..wh..opq'),
    file('opt/old/new', 'new'),
    hardlink('upper', 'lower'),
    symlink('link', 'etc/kept'),
    file('ping', 'p', { xattrs: { 'security.capability': Buffer.from([1, 0, 0, 2]) } }),
    file(`etc/${'long'.repeat(40)}`, 'long name'),
    file('cut', Buffer.alloc(3_000_000, 7)),
  ],
];

async function exported(fixture: ImageFixture, image: string): Promise<Buffer> {
  const output = new PassThrough();
  const all = buffer(output);
  await exportRoot(image, { ...fixture.look, output });
  output.end();
  return await all;
}

test('layers merged: no deleted file, hard links and attributes kept, the root first', async () => {
  await using fixture = await imageFixture();
  await fixture.add('app', LAYERS);
  const tar = await exported(fixture, 'app');
  const entries = new Map<string, { kind: string; content: string }>();
  for await (const found of readTar(streamOf(tar))) {
    const content = (await collect(found.content())).toString('latin1').slice(0, 20);
    entries.set(found.entry.path, { kind: found.entry.kind, content });
    if (found.entry.path === '') assert.deepEqual([found.entry.mode, found.entry.uid], [0o700, 7]);
    if (found.entry.path === 'ping') {
      const value = found.entry.xattrs.get(name('security.capability'));
      assert.deepEqual(Buffer.from(value ?? []), Buffer.from([1, 0, 0, 2]));
    }
    if (found.entry.kind === 'hardlink') assert.equal(found.entry.target, 'lower');
  }
  assert.deepEqual(
    [...entries].map(([path, { kind }]) => `${kind} ${path.slice(0, 20)}`),
    [
      'directory ',
      'file cut',
      'directory etc',
      'file etc/kept',
      `file etc/${'long'.repeat(4)}`,
      'fifo fifo',
      'symlink link',
      'file lower',
      'char null',
      'directory opt',
      'directory opt/old',
      'file opt/old/new',
      'file ping',
      'hardlink upper',
    ],
  );
  assert.equal(entries.get('etc/kept')?.content, 'kept');
});

test('export, import: the same tree, and from then on the same bytes', async () => {
  await using fixture = await imageFixture();
  await fixture.add('app', LAYERS);
  const tar = await exported(fixture, 'app');
  await importImage({
    store: fixture.store,
    content: streamOf(tar),
    source: 'test',
    name: parseReference('again:latest'),
    config: {},
    platform: PLATFORM,
    message: 'test',
    created: '2026-01-02T03:04:05Z',
  });
  const { files } = await diffImages('app', 'again', { ...fixture.look, times: true });
  assert.deepEqual(files, []);
  assert.ok((await exported(fixture, 'again')).equals(tar));
});

test('to a file: whole or not at all', async () => {
  await using fixture = await imageFixture();
  using folder = tempFolder();
  await fixture.add('app', LAYERS);
  const output = folder.at('root.tar');
  const signal = AbortSignal.abort(new Error('stopped'));
  await assert.rejects(exportRoot('app', { ...fixture.look, output, signal }));
  assert.equal(existsSync(output), false);
  await exportRoot('app', { ...fixture.look, output });
  assert.ok(readFileSync(output).equals(await exported(fixture, 'app')));
});
