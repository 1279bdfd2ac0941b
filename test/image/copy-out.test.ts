/** The rules of `docker cp`, and a hostile image. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { readTar } from '#archive/tar-read.ts';
import { copyOut } from '#image/copy-out.ts';
import { device, directory, file, hardlink, streamOf, symlink } from '#test/helpers/entries.ts';
import { type ImageFixture, imageFixture } from '#test/helpers/layered-images.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

const LAYERS = [
  [
    directory('etc', { mode: 0o750 }),
    file('etc/x', 'x', { mode: 0o640, uid: 1000, gid: 1000 }),
    symlink('etc/l', 'x'),
    hardlink('etc/y', 'etc/x'),
    file('etc/sub/deep', 'deep'),
    symlink('dir', 'etc'),
  ],
];

interface Scene {
  readonly fixture: ImageFixture;
  readonly folder: TempFolder;
  copy(
    source: string,
    destination: string,
    flags?: { readonly followLink?: boolean; readonly keepOwner?: boolean },
  ): Promise<readonly string[]>;
}

function scene(name: string, body: (scene: Scene) => Promise<void>): void {
  test(name, async () => {
    await using fixture = await imageFixture();
    using folder = tempFolder();
    await fixture.add('app', LAYERS);
    const copy: Scene['copy'] = (source, destination, flags = {}) =>
      copyOut('app', {
        ...fixture.look,
        source,
        destination,
        followLink: false,
        keepOwner: false,
        ...flags,
      });
    await body({ fixture, folder, copy });
  });
}

scene('a file: to a new name, over a file, into a folder', async ({ folder, copy }) => {
  await copy('/etc/x', folder.at('new'));
  assert.equal(readFileSync(folder.at('new'), 'utf8'), 'x');
  assert.equal(statSync(folder.at('new')).mode & 0o777, 0o640);
  assert.equal(statSync(folder.at('new')).uid, process.geteuid?.());
  writeFileSync(folder.at('old'), 'something longer');
  symlinkSync('old', folder.at('to-old'));
  await copy('/etc/x', folder.at('to-old'));
  assert.equal(readFileSync(folder.at('old'), 'utf8'), 'x');
  assert.ok(lstatSync(folder.at('to-old')).isSymbolicLink());
  mkdirSync(folder.at('in'));
  await copy('/etc/x', folder.at('in'));
  await copy('/dir/../etc/x', folder.at('in/'));
  assert.deepEqual(readdirSync(folder.at('in')), ['x']);
});

scene(
  'a folder: its name in a folder, its content with /., or a new name',
  async ({ folder, copy }) => {
    mkdirSync(folder.at('in'));
    chmodSync(folder.at('in'), 0o711);
    await copy('/etc', folder.at('in'));
    assert.deepEqual(readdirSync(folder.at('in/etc')).sort(), ['l', 'sub', 'x', 'y']);
    assert.equal(statSync(folder.at('in/etc')).mode & 0o777, 0o750);
    assert.equal(statSync(folder.at('in/etc/x')).ino, statSync(folder.at('in/etc/y')).ino);
    await copy('/etc/.', folder.at('in'));
    assert.deepEqual(readdirSync(folder.at('in')).sort(), ['etc', 'l', 'sub', 'x', 'y']);
    assert.equal(statSync(folder.at('in')).mode & 0o777, 0o711);
    await copy('/etc', folder.at('new'));
    assert.equal(readFileSync(folder.at('new/sub/deep'), 'utf8'), 'deep');
    await copy('/', folder.at('root'));
    assert.deepEqual(readdirSync(folder.at('root')).sort(), ['dir', 'etc']);
  },
);

scene('a symlink is copied, or followed with -L', async ({ folder, copy }) => {
  await copy('/etc/l', folder.at('link'));
  assert.equal(readlinkSync(folder.at('link')), 'x');
  mkdirSync(folder.at('in'));
  await copy('/etc/l', folder.at('in'), { followLink: true });
  assert.equal(readFileSync(folder.at('in/l'), 'utf8'), 'x');
  await copy('/dir/', folder.at('in'));
  assert.ok(statSync(folder.at('in/dir')).isDirectory());
});

scene('what docker refuses', async ({ folder, copy }) => {
  writeFileSync(folder.at('file'), '');
  mkdirSync(folder.at('in/x'), { recursive: true });
  const refused: readonly (readonly [string, string, string, string])[] = [
    ['/nope', 'in', 'PATH_UNKNOWN', 'Could not find the file /nope in image app'],
    ['/etc/x', 'new/', 'FILE_MISSING', 'no such directory'],
    ['/etc', 'file', 'FILE_UNUSABLE', 'cannot copy directory'],
    ['/etc/x/', 'in', 'PATH_NOT_DIRECTORY', 'lstat /etc/x/: not a directory'],
    ['/etc/x/.', 'in', 'PATH_NOT_DIRECTORY', 'lstat /etc/x/.: not a directory'],
    [
      '/etc/x',
      'none/new',
      'FILE_MISSING',
      `invalid output path: directory "${folder.at('none')}" does not exist`,
    ],
    [
      '/etc/x',
      'in',
      'FILE_UNUSABLE',
      `cannot overwrite directory "${folder.at('in/x')}" with non-directory`,
    ],
  ];
  for (const [source, destination, code, message] of refused) {
    await assert.rejects(copy(source, `${folder.path}/${destination}`), { code, message });
  }
});

scene('owners as in the image, for root', async ({ folder, copy }) => {
  await copy('/etc/x', folder.at('x'), { keepOwner: true });
  const isRoot = process.geteuid?.() === 0;
  assert.equal(statSync(folder.at('x')).uid, isRoot ? 1000 : process.geteuid?.());
});

scene('a file that runs as its owner does not become one that runs as ours', async (scene) => {
  const { fixture, folder, copy } = scene;
  await fixture.add('app', [
    [directory('d', { mode: 0o2775 }), file('d/su', '', { mode: 0o4755, uid: 1000 })],
  ]);
  await copy('/d', folder.at('plain'));
  assert.equal(statSync(folder.at('plain')).mode & 0o7777, 0o775);
  assert.equal(statSync(folder.at('plain/su')).mode & 0o7777, 0o755);
  await copy('/d', folder.at('kept'), { keepOwner: true });
  const isRoot = process.geteuid?.() === 0;
  assert.equal(statSync(folder.at('kept/su')).mode & 0o7777, isRoot ? 0o4755 : 0o755);
});

scene('a name that would be a mark in a layer is a name here', async ({ folder, copy }) => {
  for (const name of ['.wh.kept', '.wh..wh..opq', '.wh..wh.aufs']) {
    await copy('/etc/x', folder.at(name));
    assert.equal(readFileSync(folder.at(name), 'utf8'), 'x');
  }
});

scene('as a tar', async ({ fixture }) => {
  const names = async (source: string): Promise<string[]> => {
    const destination = new PassThrough();
    const all = buffer(destination);
    const flags = { followLink: false, keepOwner: false };
    await copyOut('app', { ...fixture.look, source, destination, ...flags });
    destination.end();
    const found: string[] = [];
    for await (const { entry } of readTar(streamOf(await all))) {
      found.push(`${entry.kind} ${entry.path}`);
    }
    return found;
  };
  assert.deepEqual(await names('/etc/x'), ['file x']);
  assert.deepEqual(await names('/etc/sub'), ['directory sub', 'file sub/deep']);
  assert.deepEqual(await names('/etc/sub/.'), ['directory ', 'file deep']);
});

test('symlinks at the destination are replaced, not followed; devices are left out aloud', async () => {
  await using fixture = await imageFixture();
  using folder = tempFolder();
  await fixture.add('app', [
    [
      directory('d'),
      file('d/trap/file', 'hostile'),
      file('d/plain', 'hostile'),
      device('d/null', { kind: 'char', major: 1, minor: 3 }),
    ],
  ]);
  mkdirSync(folder.at('outside'));
  writeFileSync(folder.at('outside/plain'), 'mine');
  mkdirSync(folder.at('in'));
  symlinkSync('../outside', folder.at('in/trap'));
  symlinkSync('../outside/plain', folder.at('in/plain'));
  const warnings = await copyOut('app', {
    ...fixture.look,
    source: '/d/.',
    destination: folder.at('in'),
    followLink: false,
    keepOwner: false,
  });
  assert.deepEqual(readdirSync(folder.at('outside')), ['plain']);
  assert.equal(readFileSync(folder.at('outside/plain'), 'utf8'), 'mine');
  assert.equal(readFileSync(folder.at('in/trap/file'), 'utf8'), 'hostile');
  assert.equal(existsSync(folder.at('in/null')), false);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /^"null": .*left out$/);
});
