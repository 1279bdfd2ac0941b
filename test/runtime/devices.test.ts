/**
 * Device nodes: a container may make any, and can open none but the default ones. As root with
 * docker's capabilities, in every place that it can write to, over folders and over EROFS images.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import type { MountSpec, RootfsSpec, RuntimeSpec } from '#core/runtime-spec.ts';
import { Launcher } from '#runtime/launcher.ts';
import {
  contained,
  INIT_PROGRAM,
  initFolder,
  runAt,
  runInit,
  site,
} from '#test/helpers/containers.ts';
import { device, directory, file, layerIn, tarOf } from '#test/helpers/entries.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const REFUSED = 'Permission denied';

/** Makes a node of each kind in the folders, then opens it. The first one would do no harm; a disk would. */
function makeAndOpen(folders: readonly string[]): readonly string[] {
  const nodes = folders.flatMap((folder) => [`${folder}/made`, `${folder}/disk`]);
  const make = folders.flatMap((folder) => [
    ...['mknod', `${folder}/made`, '1:5', ','],
    ...['mknod', `${folder}/disk`, '7:0', 'b', ','],
  ]);
  return ['/init', 'all', ...make, 'open', ...nodes];
}

function refused(folders: readonly string[]): string {
  return folders
    .flatMap((folder) => [`${folder}/made ${REFUSED}\n`, `${folder}/disk ${REFUSED}\n`])
    .join('');
}

function bind(destination: string, source: string, ...options: string[]): MountSpec {
  return { destination, type: 'bind', source, options: ['bind', ...options] };
}

async function erofsLower(folder: string): Promise<RootfsSpec['lowers'][number]> {
  const tar = await tarOf([
    file('init', readFileSync(INIT_PROGRAM), { mode: 0o755 }),
    ...['dev', 'etc', 'proc', 'sys'].map((name) => directory(name)),
    device('etc/node', { kind: 'char', major: 1, minor: 5 }),
  ]);
  const layer = await layerIn(folder, tar);
  return { kind: 'erofs', image: layer.index, devices: [layer.tar], backing: 'ramfs' };
}

const kinds: Readonly<Record<string, (folder: string) => Promise<RootfsSpec['lowers'][number]>>> = {
  folder: async (folder) => ({ kind: 'folder', path: initFolder(`${folder}/lower`) }),
  EROFS: erofsLower,
};

for (const [kind, lower] of Object.entries(kinds)) {
  contained(`${kind}: nodes can be made everywhere and opened nowhere`, async () => {
    using folder = tempFolder();
    await using launcher = new Launcher({ helper: HELPER_PROGRAM });
    mkdirSync(folder.at('volume'));
    const place = site(folder.path, [await lower(folder.path)]);
    const mounts = [
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['mode=1777'] },
      bind('/volume', folder.at('volume')),
    ];
    const folders = ['', '/etc', '/dev', '/dev/shm', '/tmp', '/volume'];
    const { stdout, stderr } = await runAt(launcher, place, { args: makeAndOpen(folders), mounts });
    assert.deepEqual({ stdout, stderr }, { stdout: refused(folders), stderr: '' });
    const made = statSync(`${place.upper}/disk`);
    assert.deepEqual([made.isBlockDevice(), made.rdev], [true, 7 << 8]);
  });
}

contained('a root that is one folder without an overlay opens no node either', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const alone = site(folder.path, []);
  initFolder(alone.upper);
  const outcome = await runAt(launcher, alone, { args: makeAndOpen(['']) });
  assert.equal(outcome.stdout, refused(['']), outcome.stderr);
  const lowers = [{ kind: 'folder', path: alone.upper }] as const;
  const view = { ...alone, rootfs: { lowers } };
  const seen = await runAt(launcher, view, { args: ['/init', 'open', '/made'] });
  assert.equal(seen.stdout, `/made ${REFUSED}\n`);
});

contained('nodes that an image brings along cannot be opened', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const erofs = await erofsLower(folder.path);
  for (const rootfs of [site(folder.path, [erofs]).rootfs, { lowers: [erofs] }]) {
    const place = { ...site(folder.path, [erofs]), rootfs };
    const { stdout } = await runAt(launcher, place, { args: ['/init', 'open', '/etc/node'] });
    assert.equal(stdout, `/etc/node ${REFUSED}\n`);
  }
});

contained('a mount honours nodes only with the option dev', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const mounts = [
    bind('/plain', '/dev/zero'),
    bind('/allowed', '/dev/zero', 'dev'),
    { destination: '/open', type: 'tmpfs', source: 'tmpfs', options: ['dev'] },
  ];
  const args = ['/init', 'all', 'mknod', '/open/x', '1:5', ','];
  const wanted = { args: [...args, 'open', '/plain', '/allowed', '/open/x'], mounts };
  const { stdout } = await runAt(launcher, site(folder.path), wanted);
  assert.equal(stdout, `/plain ${REFUSED}\n/allowed ok\n/open/x ok\n`);
});

contained('the default devices work, for root and for others', async () => {
  const names = ['null', 'zero', 'full', 'random', 'urandom', 'ptmx'].map((name) => `/dev/${name}`);
  for (const uid of [0, 1000]) {
    const user = { user: { uid, gid: uid } };
    const opened = await runInit(['open', ...names, '/dev/tty'], user);
    const lines = names.map((name) => `${name} ok\n`).join('');
    // No terminal is the session's: the device answers that, not the mount.
    assert.equal(opened.stdout, `${lines}/dev/tty No such device or address\n`);
    assert.equal((await runInit(['write', '/dev/null', 'gone'], user)).exitCode, 0);
    assert.match((await runInit(['write', '/dev/full', 'x'], user)).stderr, /No space left/);
    assert.equal((await runInit(['head', '4', '/dev/zero'], user)).stdout, '\0\0\0\0');
    assert.notEqual((await runInit(['head', '16', '/dev/urandom'], user)).stdout, '');
  }
});

contained(
  'default devices need nothing of the host’s /dev, and no option of the mount',
  async () => {
    const { stdout } = await runInit(['mounts']);
    const mounts = stdout.split('\n').map((line) => line.split(' '));
    const options = (place: string): string | undefined =>
      mounts.find(([, , , , at]) => at === place)?.[5];
    const source = (place: string): string | undefined =>
      mounts.find(([, , , , at]) => at === place)?.[2];
    assert.match(options('/dev') ?? '', /nodev/);
    assert.match(options('/') ?? '', /nodev/);
    for (const name of ['null', 'zero', 'full', 'random', 'urandom', 'tty']) {
      assert.doesNotMatch(options(`/dev/${name}`) ?? 'nodev', /nodev/);
      assert.equal(source(`/dev/${name}`), source('/dev'), 'of the container’s own tmpfs');
    }
  },
);

contained('a device that the spec puts into /dev stays', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const mounts = [bind('/dev/tty', '/dev/zero', 'dev')];
  const wanted = { args: ['/init', 'open', '/dev/tty'], mounts };
  assert.equal((await runAt(launcher, site(folder.path), wanted)).stdout, '/dev/tty ok\n');
});

contained('a folder of the host on /dev is left as it is', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  mkdirSync(folder.at('own'));
  const edit = { mounts: [bind('/dev', folder.at('own'))] };
  const wanted = { args: ['/init', 'ls', '/dev'], ...edit };
  const { stdout, stderr } = await runAt(launcher, site(folder.path), {
    ...wanted,
    edit: (spec) => ({ ...spec, linux: { ...spec.linux, maskedPaths: [] } }),
  });
  assert.deepEqual({ stdout, stderr }, { stdout: '', stderr: '' });
});

/** linux.devices with everything given. */
function listed(...devices: readonly object[]): {
  readonly edit: (spec: RuntimeSpec) => RuntimeSpec;
} {
  return {
    edit: (spec) => JSON.parse(JSON.stringify({ ...spec, linux: { ...spec.linux, devices } })),
  };
}

contained('devices of the spec: made with mode and owner, and they can be opened', async () => {
  const { stdout, stderr } = await runInit(
    [
      ...['all', 'stat', '/dev/mine', '/opt/deep/zero', '/dev/pipe', '/dev/null', '/dev/disk', ','],
      ...['open', '/dev/mine', '/opt/deep/zero', '/dev/null'],
    ],
    listed(
      { path: '/dev/mine', type: 'c', major: 1, minor: 5, fileMode: 0o640, uid: 7, gid: 8 },
      { path: '/opt/deep/zero', type: 'u', major: 1, minor: 5 },
      { path: '/dev/pipe', type: 'p' },
      // With its kind in the mode, as some engines write it.
      { path: '/dev/null', type: 'c', major: 1, minor: 3, fileMode: 0o20600 },
      { path: '/dev/disk', type: 'b', major: 7, minor: 0, fileMode: 0o600 },
    ),
  );
  assert.equal(
    stdout,
    [
      '/dev/mine 20640 7 8 0 1:5',
      '/opt/deep/zero 20666 0 0 0 1:5',
      '/dev/pipe 10666 0 0 0 0:0',
      '/dev/null 20600 0 0 0 1:3',
      '/dev/disk 60600 0 0 0 7:0',
      '/dev/mine ok',
      '/opt/deep/zero ok',
      '/dev/null ok',
      '',
    ].join('\n'),
    stderr,
  );
});

contained('a device goes where nothing else is, and only inside the root', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const place = site(folder.path);
  const at = (path: string, ...init: string[]) =>
    runAt(launcher, place, {
      args: ['/init', ...init],
      ...listed({ path, type: 'c', major: 1, minor: 5 }),
    });
  await assert.rejects(at('/init', 'true'), {
    code: 'LAUNCH_FAILED',
    message: /devices: mknodat \/init: file exists/,
    hint: 'something else is there',
  });
  mkdirSync(folder.at('outside'));
  await runAt(launcher, place, { args: ['/init', 'ln', '-s', folder.at('outside'), '/out'] });
  assert.equal((await at('/out/node', 'open', '/out/node')).stdout, '/out/node ok\n');
  assert.deepEqual(readdirSync(folder.at('outside')), []);
  // Again: it is there already, and the same.
  assert.equal((await at('/out/node', 'open', '/out/node')).stdout, '/out/node ok\n');
});

contained('in a user namespace devices of the spec are the host’s', async () => {
  const map = [{ containerID: 0, hostID: 0, size: 65_536 }];
  const spec = listed({ path: '/dev/full', type: 'c', major: 1, minor: 7 }).edit;
  const { stdout, stderr } = await runInit(['all', 'open', '/dev/full', ',', 'mounts'], {
    edit: (plain) => {
      const changed = spec(plain);
      const namespaces = [...changed.linux.namespaces, { type: 'user' as const }];
      const maps = { uidMappings: map, gidMappings: map };
      return { ...changed, linux: { ...changed.linux, namespaces, ...maps } };
    },
  });
  assert.match(stdout, /^\/dev\/full ok\n/, stderr);
  assert.match(stdout, / \/full \/dev\/full /);
});

contained('devices that are none are refused by their place', async () => {
  const cases: readonly [object, string][] = [
    [{ path: 'dev/x', type: 'c', major: 1, minor: 5 }, '/linux/devices/0/path'],
    [{ path: '/dev/x', type: 'd', major: 1, minor: 5 }, '/linux/devices/0/type'],
    [{ path: '/dev/x', type: 'c', major: 1 }, '/linux/devices/0'],
    [{ path: '/dev/x', type: 'c', major: -1, minor: 5 }, '/linux/devices/0/major'],
  ];
  for (const [device, path] of cases) {
    const error: unknown = await runInit(['true'], listed(device)).catch((e: unknown) => e);
    assert.equal(Reflect.get(Object(error), 'detail')?.path, path);
  }
});
