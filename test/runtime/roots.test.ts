/**
 * Roots and mounts: overlays over folders and EROFS images, what is left in the upper folder, bind
 * mounts and where they may go.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mergedImage } from '#layer/merged-image.ts';
import { Launcher } from '#runtime/launcher.ts';
import { contained, INIT_PROGRAM, runAt, runInit, site } from '#test/helpers/containers.ts';
import { directory, file, layerIn, symlink, tarOf } from '#test/helpers/entries.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

contained('the upper folder holds exactly what the program did', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const place = site(folder.path);
  writeFileSync(folder.at('lower', 'etc', 'old'), 'old');
  const script = ['mkdir', '/new', ',', 'write', '/new/file', 'text', ',', 'rm', '/etc/old'];
  assert.equal((await runAt(launcher, place, { args: ['/init', 'all', ...script] })).exitCode, 0);
  assert.deepEqual(readdirSync(place.upper, { recursive: true }).sort(), [
    'etc',
    'etc/old',
    'new',
    'new/file',
  ]);
  assert.equal(readFileSync(`${place.upper}/new/file`, 'utf8'), 'text');
});

contained(
  'a directory of a lower cannot be renamed but by copying, so the upper stays plain',
  async () => {
    using folder = tempFolder();
    await using launcher = new Launcher({ helper: HELPER_PROGRAM });
    const { stderr } = await runAt(launcher, site(folder.path), {
      args: ['/init', 'mv', '/etc', '/moved'],
    });
    assert.match(stderr, /cross-device/i);
  },
);

contained('a read-only root refuses writes, its mounts do not', async () => {
  const wanted = { readonlyRoot: true };
  assert.match((await runInit(['write', '/etc/x', 'x'], wanted)).stderr, /Read-only file system/);
  assert.equal((await runInit(['write', '/dev/shm/x', 'x'], wanted)).exitCode, 0);
});

contained(
  'bind mounts: a file and a folder, read-only and not, at places that are made',
  async () => {
    using folder = tempFolder();
    await using launcher = new Launcher({ helper: HELPER_PROGRAM });
    mkdirSync(folder.at('data'));
    writeFileSync(folder.at('data', 'file'), 'from the host');
    const bind = (destination: string, source: string, ...options: string[]) => ({
      destination,
      type: 'bind',
      source,
      options: ['rbind', ...options],
    });
    const mounts = [
      bind('/mnt/deep/file', folder.at('data', 'file'), 'ro'),
      bind('/mnt/ro', folder.at('data'), 'ro', 'nosuid', 'nodev', 'noexec'),
      bind('/mnt/rw', folder.at('data')),
    ];
    const place = site(folder.path);
    const at = (...args: string[]) => runAt(launcher, place, { args: ['/init', ...args], mounts });
    assert.equal((await at('cat', '/mnt/deep/file')).stdout, 'from the host');
    assert.match((await at('write', '/mnt/ro/file', 'x')).stderr, /Read-only file system/);
    assert.match((await at('write', '/mnt/deep/file', 'x')).stderr, /Read-only file system/);
    assert.equal((await at('write', '/mnt/rw/new', 'from inside')).exitCode, 0);
    assert.equal(readFileSync(folder.at('data', 'new'), 'utf8'), 'from inside');
    const { stdout } = await at('mounts');
    assert.match(stdout, / \/mnt\/ro ro,nosuid,nodev,noexec/);
  },
);

contained('a mount point that the image made a link stays inside the root', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  mkdirSync(folder.at('outside'));
  const tar = await tarOf([
    file('init', readFileSync(INIT_PROGRAM), { mode: 0o755 }),
    ...['dev', 'sys', 'proc'].map((name) => directory(name)),
    symlink('escape', folder.at('outside')),
  ]);
  const layer = await layerIn(folder.path, tar);
  const lower = {
    kind: 'erofs',
    image: layer.index,
    devices: [layer.tar],
    backing: 'ramfs',
  } as const;
  const mounts = [{ destination: '/escape/here', type: 'tmpfs', source: 'tmpfs', options: [] }];
  // The link's target does not exist in the root; what is made for it must not be the host's.
  const wanted = { args: ['/init', 'true'], mounts };
  const outcome = await runAt(launcher, site(folder.path, [lower]), wanted).catch(
    (error: unknown) => error,
  );
  assert.deepEqual(readdirSync(folder.at('outside')), [], String(outcome));
});

contained('an EROFS lower in a private ramfs: two layers merged, whiteouts resolved', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const base = await layerIn(
    folder.path,
    await tarOf([
      file('init', readFileSync(INIT_PROGRAM), { mode: 0o755 }),
      ...['dev', 'sys', 'proc', 'etc'].map((name) => directory(name)),
      file('etc/old', 'old'),
      file('etc/kept', 'kept'),
    ]),
  );
  const top = await layerIn(
    folder.path,
    await tarOf([file('etc/.wh.old'), file('etc/new', 'new')]),
  );
  const image = folder.at('merged.erofs');
  writeFileSync(image, mergedImage([base, top]));
  const lower = { kind: 'erofs', image, devices: [base.tar, top.tar], backing: 'ramfs' } as const;
  const place = site(folder.path, [lower]);
  const at = (...args: string[]) => runAt(launcher, place, { args: ['/init', ...args] });
  assert.equal((await at('ls', '/etc')).stdout, 'kept\nnew\n');
  assert.equal((await at('cat', '/etc/kept', '/etc/new')).stdout, 'keptnew');
  assert.equal((await at('append', '/etc/kept', '!')).exitCode, 0);
  assert.equal(readFileSync(`${place.upper}/etc/kept`, 'utf8'), 'kept!');
});

contained('without an overlay one lower is the root, read-only', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const place = site(folder.path);
  const view = { ...place, rootfs: { lowers: place.rootfs.lowers } };
  assert.equal((await runAt(launcher, view, { args: ['/init', 'echo', 'seen'] })).stdout, 'seen\n');
  const write = await runAt(launcher, view, { args: ['/init', 'write', '/x', 'x'] });
  assert.match(write.stderr, /Read-only file system/);
});

contained('no lower at all: the upper alone is the root', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const place = site(folder.path, []);
  writeFileSync(`${place.upper}/init`, readFileSync(INIT_PROGRAM), { mode: 0o755 });
  assert.equal(
    (await runAt(launcher, place, { args: ['/init', 'write', '/x', 'made'] })).exitCode,
    0,
  );
  assert.equal(readFileSync(`${place.upper}/x`, 'utf8'), 'made');
});
