/**
 * Mounts (runtime-spec config.md §Mounts): every option of the specification's list on real mounts, as
 * mountinfo tells them inside; tmpfs with copied content; cgroups; propagation from and to the host.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { MountSpec, RuntimeSpec } from '#core/runtime-spec.ts';
import { Launcher } from '#runtime/launcher.ts';
import { contained, type Ran, runAt, runInit, site } from '#test/helpers/containers.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

interface Seen {
  readonly options: readonly string[];
  readonly tags: string;
  readonly type: string;
  readonly superOptions: readonly string[];
}

/** What mountinfo says about a place; of several on top of each other the last. */
function seen(mountinfo: string, place: string): Seen {
  const line = mountinfo.split('\n').findLast((one) => one.split(' ')[4] === place);
  assert.ok(line, `nothing is mounted on ${place}`);
  const [before = '', after = ''] = line.split(' - ');
  const [type = '', , superOptions = ''] = after.split(' ');
  return {
    options: (before.split(' ')[5] ?? '').split(','),
    tags: before.split(' ').slice(6).join(' '),
    type,
    superOptions: superOptions.split(','),
  };
}

async function mounted(mounts: readonly MountSpec[], place: string): Promise<Seen> {
  return seen((await runInit(['mounts'], { mounts })).stdout, place);
}

function bind(destination: string, source: string, ...options: string[]): MountSpec {
  return { destination, type: 'bind', source, options: ['rbind', ...options] };
}

/** A folder with a tmpfs mounted on `below`, in a mount namespace that ends with the test's command. */
function withSubmount(folder: TempFolder): string {
  mkdirSync(folder.at('source/below'), { recursive: true });
  const done = spawnSync('mount', ['-t', 'tmpfs', 'below', folder.at('source/below')]);
  assert.equal(done.status, 0, String(done.stderr));
  return folder.at('source');
}

function unmount(folder: TempFolder): void {
  spawnSync('umount', ['-R', folder.at('source/below')]);
}

contained('an option of one mount and its opposite', async () => {
  using folder = tempFolder();
  const cases: readonly [readonly string[], string, boolean][] = [
    [['ro'], 'ro', true],
    [['ro', 'rw'], 'ro', false],
    [['nosuid'], 'nosuid', true],
    [['nosuid', 'suid'], 'nosuid', false],
    [['nodev'], 'nodev', true],
    [['nodev', 'dev'], 'nodev', false],
    [['noexec'], 'noexec', true],
    [['noexec', 'exec'], 'noexec', false],
    [['nosymfollow'], 'nosymfollow', true],
    [['nosymfollow', 'symfollow'], 'nosymfollow', false],
    [['nodiratime'], 'nodiratime', true],
    [['nodiratime', 'diratime'], 'nodiratime', false],
    [['noatime'], 'noatime', true],
    [['noatime', 'atime'], 'relatime', true],
    [['strictatime'], 'relatime', false],
    [['strictatime', 'relatime'], 'relatime', true],
    [['strictatime', 'nostrictatime'], 'relatime', true],
    [['relatime', 'norelatime'], 'relatime', true],
    [['defaults', 'loud', 'silent'], 'rw', true],
  ];
  const mounts = cases.flatMap(([options], i): MountSpec[] => [
    { destination: `/b${i}`, type: 'bind', source: folder.path, options: ['bind', ...options] },
    { destination: `/t${i}`, type: 'tmpfs', source: 'tmpfs', options: [...options] },
  ]);
  const { stdout } = await runInit(['mounts'], { mounts });
  for (const [i, [options, word, there]] of cases.entries()) {
    for (const place of [`/b${i}`, `/t${i}`]) {
      const found = seen(stdout, place).options.includes(word);
      assert.equal(found, there, `${place} ${options.join(',')}: ${word}`);
    }
  }
});

contained('options of a file system reach it', async () => {
  const options = ['size=64k', 'nr_inodes=20', 'mode=711', 'uid=7', 'sync', 'dirsync', 'lazytime'];
  const tmpfs = { destination: '/t', type: 'tmpfs', source: 'mine', options };
  const { superOptions } = await mounted([tmpfs], '/t');
  for (const word of [
    'size=64k',
    'nr_inodes=20',
    'mode=711',
    'uid=7',
    'sync',
    'dirsync',
    'lazytime',
  ])
    assert.ok(superOptions.includes(word), `${word} in ${superOptions.join()}`);
  const undone = { ...tmpfs, options: ['sync', 'async', 'lazytime', 'nolazytime'] };
  const plain = await mounted([undone], '/t');
  assert.ok(!plain.superOptions.includes('sync') && !plain.superOptions.includes('lazytime'));
  await assert.rejects(mounted([{ ...tmpfs, options: ['nosuch=1'] }], '/t'), {
    code: 'LAUNCH_FAILED',
    hint: 'tmpfs does not take the option "nosuch=1"',
  });
  await assert.rejects(mounted([{ ...tmpfs, type: 'nosuchfs' }], '/t'), {
    code: 'LAUNCH_FAILED',
    hint: 'this kernel has no file system of the type',
  });
});

contained('ro is of the mount, rro of everything below it, too', async () => {
  using folder = tempFolder();
  const source = withSubmount(folder);
  try {
    const options = async (...given: string[]): Promise<readonly string[]> => {
      const { stdout } = await runInit(['mounts'], { mounts: [bind('/m', source, ...given)] });
      return ['/m', '/m/below'].map((place) => {
        const { options: words } = seen(stdout, place);
        return words.filter((word) => !['relatime', 'nodev'].includes(word)).join(',');
      });
    };
    assert.deepEqual(await options(), ['rw', 'rw']);
    assert.deepEqual(await options('ro'), ['ro', 'rw']);
    assert.deepEqual(await options('rro'), ['ro', 'ro']);
    assert.deepEqual(await options('rro', 'rw'), ['rw', 'ro']);
    assert.deepEqual(await options('rro', 'rrw'), ['rw', 'rw']);
    assert.deepEqual(await options('rnosuid', 'rnoexec', 'rnosymfollow'), [
      'rw,nosuid,noexec,nosymfollow',
      'rw,nosuid,noexec,nosymfollow',
    ]);
    assert.deepEqual(await options('rnosuid', 'suid', 'rnodiratime'), [
      'rw,nodiratime',
      'rw,nosuid,nodiratime',
    ]);
    const { stdout } = await runInit(['mounts'], {
      mounts: [{ ...bind('/m', source), options: ['bind', 'rnoatime'] }],
    });
    assert.ok(seen(stdout, '/m').options.includes('noatime'));
    assert.throws(() => seen(stdout, '/m/below'), 'bind takes the mount alone');
    const { stdout: writes } = await runInit(['open', '/m/below/x'], {
      mounts: [bind('/m', source, 'rro')],
    });
    assert.match(writes, /Read-only|No such file/);
  } finally {
    unmount(folder);
  }
});

contained('devices stay closed below a bind mount, unless the options say dev', async () => {
  using folder = tempFolder();
  const source = withSubmount(folder);
  try {
    const nodev = async (...given: string[]): Promise<readonly boolean[]> => {
      const { stdout } = await runInit(['mounts'], { mounts: [bind('/m', source, ...given)] });
      return ['/m', '/m/below'].map((place) => seen(stdout, place).options.includes('nodev'));
    };
    assert.deepEqual(await nodev(), [true, true]);
    assert.deepEqual(await nodev('dev'), [false, false]);
    assert.deepEqual(await nodev('rdev'), [false, false]);
  } finally {
    unmount(folder);
  }
});

contained('a tmpfs has the mode of what it covers, or its own', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const place = site(folder.path);
  mkdirSync(`${place.upper}/open`, { recursive: true });
  spawnSync('chmod', ['1777', `${place.upper}/open`]);
  const tmpfs = (destination: string, ...options: string[]): MountSpec => ({
    ...{ destination, type: 'tmpfs', source: 'tmpfs' },
    options,
  });
  const mounts = [tmpfs('/open'), tmpfs('/made'), tmpfs('/own', 'mode=700')];
  const { stdout } = await runAt(launcher, place, {
    args: ['/init', 'stat', '/open', '/made', '/own'],
    mounts,
  });
  const modes = stdout.split('\n').map((line) => line.split(' ')[1]);
  assert.deepEqual(modes, ['41777', '40755', '40700', undefined]);
});

contained('tmpcopyup: the tmpfs starts with what was there', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const place = site(folder.path);
  const made = `${place.upper}/full`;
  mkdirSync(`${made}/deep/er`, { recursive: true });
  writeFileSync(`${made}/deep/file`, 'kept', { mode: 0o640 });
  const link = spawnSync('ln', ['-s', '/etc/shadow', `${made}/link`]);
  spawnSync('chown', ['7:8', `${made}/deep/file`]);
  spawnSync('mkfifo', [`${made}/fifo`]);
  assert.equal(link.status, 0);
  const tmpfs = (...options: string[]): MountSpec => ({
    ...{ destination: '/full', type: 'tmpfs', source: 'tmpfs' },
    options: ['tmpcopyup', ...options],
  });
  const at = async (mount: MountSpec, ...args: string[]): Promise<Ran> =>
    await runAt(launcher, place, { args: ['/init', ...args], mounts: [mount] });
  const inside = await at(
    tmpfs(),
    ...['all', 'ls', '/full', ',', 'cat', '/full/deep/file', ',', 'stat', '/full/deep/file', ','],
    ...['write', '/full/deep/file', 'gone'],
  );
  assert.equal(
    inside.stdout,
    'deep\nfifo\nlink\nkept/full/deep/file 100640 7 8 4 0:0\n',
    inside.stderr,
  );
  assert.equal(readFileSync(`${made}/deep/file`, 'utf8'), 'kept');
  assert.match((await at(tmpfs('ro'), 'write', '/full/x', 'x')).stderr, /Read-only file system/);
  writeFileSync(`${made}/large`, Buffer.alloc(100_000));
  await assert.rejects(at(tmpfs('size=64k'), 'true'), {
    code: 'LAUNCH_FAILED',
    message: /copy \/full: no space left/,
  });
});

contained('cgroup: the container’s own groups, read-only, as docker shows them', async () => {
  const options = ['nosuid', 'noexec', 'nodev', 'ro'];
  const cgroup = { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options };
  const host = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const points = host.flatMap((line) => {
    const [before = '', after = ''] = line.split(' - cgroup');
    const point = before.split(' ')[4] ?? '';
    return after !== '' && point.startsWith('/sys/fs/cgroup') ? [point] : [];
  });
  assert.notEqual(points.length, 0, 'this host has cgroups');
  const { stdout } = await runInit(['all', 'mounts', ',', 'cat', '/proc/self/cgroup'], {
    mounts: [cgroup],
  });
  for (const point of points) {
    const { options: words, type } = seen(stdout, point);
    assert.match(type, /^cgroup2?$/, point);
    for (const word of options) assert.ok(words.includes(word), `${word} of ${point}`);
  }
  const joint = points.filter((point) => point.includes(','));
  const names = points.map((point) => point.slice('/sys/fs/cgroup/'.length));
  if (!points.includes('/sys/fs/cgroup')) {
    assert.ok(seen(stdout, '/sys/fs/cgroup').options.includes('ro'));
    const links = joint.flatMap((point) => point.slice('/sys/fs/cgroup/'.length).split(','));
    const { stdout: listed } = await runInit(['ls', '/sys/fs/cgroup'], { mounts: [cgroup] });
    assert.deepEqual(listed.trim().split('\n'), [...names, ...links].sort());
  }
  const without = (spec: RuntimeSpec): RuntimeSpec => ({
    ...spec,
    linux: {
      ...spec.linux,
      namespaces: spec.linux.namespaces.filter(({ type }) => type !== 'cgroup'),
    },
  });
  const shared = await runInit(['mounts'], { mounts: [cgroup], edit: without });
  for (const point of points) assert.match(seen(shared.stdout, point).type, /^cgroup2?$/);
});

contained('cgroup: in its namespace the root of a hierarchy is the container’s group', async () => {
  const cgroup = {
    ...{ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup' },
    options: ['ro'],
  };
  const { stdout } = await runInit(['cat', '/proc/self/cgroup'], { mounts: [cgroup] });
  for (const line of stdout.trim().split('\n')) assert.match(line, /^\d+:[^:]*:\/$/);
  const { stdout: roots } = await runInit(['mounts'], { mounts: [cgroup] });
  for (const line of roots.split('\n')) {
    if (line.includes(' - cgroup')) assert.equal(line.split(' ')[3], '/', line);
  }
});

contained('what the host mounts later arrives with rslave, not without', async () => {
  using folder = tempFolder();
  mkdirSync(folder.at('shared/place'), { recursive: true });
  const shared = folder.at('shared');
  const script = `mount --bind ${shared} ${shared} && mount --make-shared ${shared}`;
  assert.equal(spawnSync('sh', ['-c', script]).status, 0);
  try {
    for (const [option, arrives] of [
      ['rslave', true],
      ['rprivate', false],
    ] as const) {
      await using launcher = new Launcher({ helper: HELPER_PROGRAM });
      let output = '';
      const asked = Promise.withResolvers<void>();
      const running = runAt(launcher, site(folder.path), {
        args: ['/init', 'all', 'sleep', '1', ',', 'mounts'],
        mounts: [bind('/m', shared, option)],
        onOutput: (text) => {
          output += text;
          if (output.includes('ready')) asked.resolve();
        },
      });
      await asked.promise;
      assert.equal(spawnSync('mount', ['-t', 'tmpfs', 'later', `${shared}/place`]).status, 0);
      const { stdout } = await running;
      spawnSync('umount', [`${shared}/place`]);
      assert.equal(stdout.includes(' /m/place '), arrives, option);
    }
  } finally {
    spawnSync('umount', ['-R', shared]);
  }
});

contained('nothing that a container mounts shows up on the host', async () => {
  using folder = tempFolder();
  const shared = folder.at('shared');
  mkdirSync(`${shared}/root`, { recursive: true });
  const script = `mount --bind ${shared} ${shared} && mount --make-shared ${shared}`;
  assert.equal(spawnSync('sh', ['-c', script]).status, 0);
  try {
    const before = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length;
    const mounts = [bind('/m', shared, 'rshared'), bind('/n', shared)];
    for (const propagation of ['private', 'rslave', 'rshared', 'unbindable'] as const) {
      const { stdout } = await runInit(['mounts'], {
        mounts,
        edit: (spec) => ({ ...spec, linux: { ...spec.linux, rootfsPropagation: propagation } }),
      });
      const tags = { private: /^$/, rslave: /^$/, rshared: /^shared:/, unbindable: /^unbindable/ };
      assert.match(seen(stdout, '/').tags, tags[propagation], propagation);
      assert.match(seen(stdout, '/m').tags, /shared:/);
    }
    assert.equal(readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length, before);
    assert.ok(!existsSync(`${shared}/root/proc`));
  } finally {
    spawnSync('umount', ['-R', shared]);
  }
});

contained('what makes no sense is refused with its pointer', async () => {
  const cases: readonly [MountSpec, string, RegExp][] = [
    [{ destination: '/x', type: 'proc', options: ['tmpcopyup'] }, '/mounts/6/options', /tmpfs/],
    [{ destination: '/x' }, '/mounts/6', /type/],
    [{ destination: '/x', options: ['bind'] }, '/mounts/6', /source/],
    [{ destination: 'x', type: 'tmpfs' }, '/mounts/6/destination', /absolute/],
  ];
  for (const [mount, path, hint] of cases) {
    const error: unknown = await runInit(['true'], { mounts: [mount] }).catch((e: unknown) => e);
    assert.equal(Reflect.get(Object(error), 'detail').path, path);
    assert.match(Reflect.get(Object(error), 'hint'), hint);
  }
  const edit = (spec: RuntimeSpec): RuntimeSpec =>
    JSON.parse(JSON.stringify({ ...spec, linux: { ...spec.linux, rootfsPropagation: 'some' } }));
  await assert.rejects(runInit(['true'], { edit }), { hint: /shared, slave/ });
});

contained('idmap: a bind mount with other ids, its own or the container’s', async (t) => {
  using folder = tempFolder();
  mkdirSync(folder.at('data'));
  writeFileSync(folder.at('data/file'), '');
  spawnSync('chown', ['7:8', folder.at('data/file')]);
  const map = (containerID: number, hostID: number): object[] => [
    { containerID, hostID, size: 1000 },
  ];
  const at = async (mount: object, linux: object = {}): Promise<string> => {
    const mounts = [{ ...bind('/etc', folder.at('data'), 'ro'), ...mount }];
    const edit = (spec: RuntimeSpec): RuntimeSpec =>
      JSON.parse(JSON.stringify({ ...spec, linux: { ...spec.linux, ...linux } }));
    const { stdout } = await runInit(['stat', '/etc/file'], { mounts, edit });
    return stdout.split(' ').slice(2, 4).join(':');
  };
  const own = { uidMappings: map(0, 5000), gidMappings: map(0, 6000) };
  const shifted = await at(own).catch((error: unknown) => error);
  // Not every file system can: that is said by name.
  if (typeof shifted !== 'string') {
    assert.match(String(shifted), /mount_setattr idmap/);
    return t.skip('the file system of the temporary folder has no mounts with other ids');
  }
  assert.equal(shifted, '5007:6008');
  assert.equal(await at({ ...own, options: ['rbind', 'ridmap'] }), '5007:6008');
  const ids = { uidMappings: map(0, 100_000), gidMappings: map(0, 100_000) };
  const namespaces = ['pid', 'mount', 'uts', 'ipc', 'cgroup', 'user'].map((type) => ({ type }));
  assert.equal(await at({ options: ['bind', 'idmap'] }, { namespaces, ...ids }), '7:8');
});

contained('idmap: mappings without sense are refused with their pointer', async () => {
  const map = [{ containerID: 0, hostID: 5, size: 1 }];
  const cases: readonly [object, string][] = [
    [{ type: 'bind', source: '/', options: ['bind', 'idmap'] }, '/mounts/6/options'],
    [{ type: 'bind', source: '/', options: ['bind'], uidMappings: map }, '/mounts/6'],
    [{ type: 'tmpfs', uidMappings: map, gidMappings: map }, '/mounts/6/uidMappings'],
    [{ type: 'tmpfs', options: ['idmap'] }, '/mounts/6/options'],
  ];
  for (const [mount, path] of cases) {
    const mounts = [{ destination: '/x', ...mount }];
    const error: unknown = await runInit(['true'], { mounts }).catch((e: unknown) => e);
    assert.equal(Reflect.get(Object(error), 'detail')?.path, path);
  }
});
