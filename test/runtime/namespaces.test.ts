/**
 * Namespaces (runtime-spec config-linux.md §Namespaces): user namespaces with their maps, time, joining
 * those of another process by path.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { IdMapping, LinuxSpec, RuntimeSpec } from '#core/runtime-spec.ts';
import { Launcher } from '#runtime/launcher.ts';
import {
  contained,
  type Ran,
  runAt,
  runInit,
  site,
  type Wanted,
} from '#test/helpers/containers.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

/** Changes /linux. */
function withLinux(change: (linux: LinuxSpec) => object): NonNullable<Wanted['edit']> {
  return (spec: RuntimeSpec): RuntimeSpec => ({
    ...spec,
    linux: { ...spec.linux, ...change(spec.linux) },
  });
}

const MAP: readonly IdMapping[] = [{ containerID: 0, hostID: 100_000, size: 65_536 }];

function inUserNamespace(map: readonly IdMapping[] = MAP): NonNullable<Wanted['edit']> {
  return withLinux(({ namespaces }) => ({
    namespaces: [...namespaces, { type: 'user' }],
    uidMappings: map,
    gidMappings: map,
  }));
}

/** A container over a folder that belongs to the map's root. */
async function runMapped(init: readonly string[], wanted: Wanted = {}): Promise<Ran> {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const place = site(folder.path);
  chownSync(place.upper, 100_000, 100_000);
  return await runAt(launcher, place, {
    args: ['/init', ...init],
    edit: inUserNamespace(),
    ...wanted,
  });
}

contained('user: the container’s root is somebody else outside', async () => {
  const { stdout, stderr } = await runMapped(['all', 'id', ',', 'cat', '/proc/self/uid_map']);
  assert.match(stdout, /^uid=0 gid=0 groups=\n +0 +100000 +65536\n$/, stderr);
  const { stdout: namespaces } = await runMapped(['namespaces']);
  const host = readlinkSync('/proc/self/ns/user');
  assert.match(namespaces, /user:\[\d+\]/);
  assert.ok(!namespaces.includes(host));
});

contained(
  'user: what it makes belongs to the mapped ids, in a folder that others cannot reach',
  async () => {
    using folder = tempFolder();
    await using launcher = new Launcher({ helper: HELPER_PROGRAM });
    const place = site(folder.path);
    chownSync(place.upper, 100_000, 100_000);
    mkdirSync(folder.at('data'));
    writeFileSync(folder.at('data', 'file'), 'for everybody');
    chmodSync(folder.path, 0o700);
    const outcome = await runAt(launcher, place, {
      args: ['/init', 'all', 'write', '/made', 'x', ',', 'cat', '/data/file'],
      user: { uid: 7, gid: 8, additionalGids: [9] },
      mounts: [
        { destination: '/data', type: 'bind', source: folder.at('data'), options: ['rbind', 'ro'] },
      ],
      edit: (spec) => inUserNamespace()(spec),
    });
    assert.match(outcome.stderr, /\/made: Permission denied/, 'user 7 is not root');
    const asRoot = await runAt(launcher, place, {
      args: ['/init', 'all', 'write', '/made', 'x', ',', 'cat', '/data/file'],
      mounts: [
        { destination: '/data', type: 'bind', source: folder.at('data'), options: ['rbind', 'ro'] },
      ],
      edit: inUserNamespace(),
    });
    assert.equal(asRoot.stdout, 'for everybody', asRoot.stderr);
    const made = statSync(`${place.upper}/made`);
    assert.deepEqual([made.uid, made.gid], [100_000, 100_000]);
  },
);

contained('user: groups, devices, /proc, /sys, limits and the filter work there', async () => {
  const user = { uid: 7, gid: 8, additionalGids: [9, 10] };
  const as7 = await runMapped(['id'], { user });
  assert.equal(as7.stdout, 'uid=7 gid=8 groups=9,10\n', as7.stderr);
  const opened = await runMapped(['open', '/dev/null', '/dev/zero', '/dev/ptmx']);
  assert.equal(opened.stdout, '/dev/null ok\n/dev/zero ok\n/dev/ptmx ok\n', opened.stderr);
  const { stdout } = await runMapped(['mounts']);
  assert.match(stdout, / \/proc .* - proc /);
  assert.match(stdout, / \/sys .*ro.* - sysfs /);
  const edit = (spec: RuntimeSpec): RuntimeSpec =>
    inUserNamespace()({ ...spec, process: { ...spec.process, oomScoreAdj: 500 } });
  const score = await runMapped(['cat', '/proc/self/oom_score_adj'], { edit });
  assert.equal(score.stdout, '500\n', score.stderr);
  const filtered = await runMapped(['caps'], { noNewPrivileges: true });
  assert.match(filtered.stdout, /Seccomp:\t2/);
  const own = await runMapped(['mounts'], { network: 'none' });
  assert.match(own.stdout, / \/sys .* - sysfs sysfs /);
});

contained('user: several ranges, and 0 not among them', async () => {
  const map = [
    { containerID: 5, hostID: 0, size: 1 },
    { containerID: 1000, hostID: 200_000, size: 10 },
  ];
  const { stdout } = await runInit(['cat', '/proc/self/uid_map', '/proc/self/gid_map'], {
    edit: inUserNamespace(map),
    user: { uid: 1001, gid: 1001 },
  });
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/ +/).join(' '));
  assert.deepEqual(lines, ['5 0 1', '1000 200000 10', '5 0 1', '1000 200000 10']);
  await assert.rejects(
    runInit(['true'], { edit: inUserNamespace(map), user: { uid: 77, gid: 5 } }),
    {
      code: 'LAUNCH_FAILED',
      message: /user: setresuid/,
    },
  );
});

contained('time: clocks are ahead by the offsets', async () => {
  const edit = withLinux(({ namespaces }) => ({
    namespaces: [...namespaces, { type: 'time' }],
    timeOffsets: { monotonic: { secs: 1000, nanosecs: 5 }, boottime: { secs: 1_000_000 } },
  }));
  const { stdout } = await runInit(['cat', '/proc/self/timens_offsets', '/proc/uptime'], { edit });
  const lines = stdout.split('\n').map((line) => line.trim().split(/\s+/));
  assert.deepEqual(lines.slice(0, 2), [
    ['monotonic', '1000', '5'],
    ['boottime', '1000000', '0'],
  ]);
  assert.ok(Number(lines[2]?.[0]) > 1_000_000, 'uptime');
  const plain = await runInit(['namespaces']);
  assert.ok(plain.stdout.includes(readlinkSync('/proc/self/ns/time')));
});

/** A process with namespaces of its own that lives until it is disposed of. */
class Holder implements AsyncDisposable {
  readonly child: ChildProcess;

  static async start(...flags: readonly string[]): Promise<Holder> {
    const child = spawn(
      'unshare',
      [...flags, 'sh', '-c', 'hostname held; echo ready; exec sleep 60'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(child.stdout, 'data');
    return new Holder(child);
  }

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  path(file: string): string {
    return `/proc/${this.child.pid}/ns/${file}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}

const FILES = { network: 'net', ipc: 'ipc', uts: 'uts', cgroup: 'cgroup' } as const;

contained('network, ipc, uts and cgroup are joined by path', async () => {
  await using holder = await Holder.start('--net', '--ipc', '--uts', '--cgroup');
  const kinds = Object.entries(FILES) as readonly (readonly [keyof typeof FILES, string])[];
  const wanted = kinds.map(([, file]) => readlinkSync(holder.path(file)));
  const namespaces = [
    { type: 'pid' },
    { type: 'mount' },
    ...kinds.map(([type, file]) => ({ type, path: holder.path(file) })),
  ];
  const edit = (spec: RuntimeSpec): RuntimeSpec => {
    const { hostname: _, ...rest } = spec;
    return withLinux(() => ({ namespaces }))(rest);
  };
  const { stdout } = await runInit(['all', 'hostname', ',', 'namespaces'], { edit });
  assert.ok(stdout.startsWith('held\n'), stdout);
  for (const name of wanted) assert.ok(stdout.includes(name), `${name} in ${stdout}`);
  assert.equal(readlinkSync('/proc/self/ns/net').startsWith('net:'), true);
  const named = await runInit(['hostname'], { edit: withLinux(() => ({ namespaces })) });
  assert.equal(named.stdout, 'boat\n', 'the hostname of the spec is set there');
});

contained('a user namespace is joined with what it owns', async () => {
  await using holder = await Holder.start('--user', '--map-root-user', '--net', '--uts');
  const edit = withLinux(() => ({
    namespaces: [
      { type: 'network', path: holder.path('net') },
      { type: 'uts', path: holder.path('uts') },
      { type: 'user', path: holder.path('user') },
      { type: 'pid', path: '' },
      { type: 'mount' },
      { type: 'ipc' },
    ],
  }));
  const { stdout, stderr } = await runInit(['all', 'id', ',', 'namespaces'], { edit });
  assert.match(stdout, /^uid=0 gid=0/, stderr);
  for (const file of ['net', 'uts', 'user'])
    assert.ok(stdout.includes(readlinkSync(holder.path(file))), file);
});

contained('what cannot be joined says why', async () => {
  const join = (type: string, path: string): Wanted => ({
    edit: withLinux(({ namespaces }) => ({
      namespaces: [...namespaces.filter((one) => one.type !== type), { type, path }],
    })),
  });
  const failed = async (type: string, path: string): Promise<readonly unknown[]> => {
    const error: unknown = await runInit(['true'], join(type, path)).catch((e: unknown) => e);
    const detail = Reflect.get(Object(error), 'detail');
    return [detail.stage, detail.call, detail.errno, detail.path];
  };
  assert.deepEqual(await failed('network', '/no/such'), [
    'namespace',
    'open',
    'ENOENT',
    '/no/such',
  ]);
  const own = '/proc/self/ns/uts';
  assert.deepEqual(await failed('ipc', own), ['namespace', 'setns', 'EINVAL', own]);
  const file = '/proc/self/ns/pid';
  const error: unknown = await runInit(['true'], join('uts', file)).catch((e: unknown) => e);
  assert.match(Reflect.get(Object(error), 'hint'), /of this kind/);
});

contained('rules between namespaces and other members, by pointer', async () => {
  const map = { uidMappings: MAP, gidMappings: MAP };
  const cases: readonly [(linux: LinuxSpec) => object, string, string][] = [
    [() => ({ uidMappings: MAP }), 'EINVAL', '/linux/uidMappings'],
    [() => ({ gidMappings: MAP }), 'EINVAL', '/linux/gidMappings'],
    [() => ({ timeOffsets: { boottime: { secs: 1 } } }), 'EINVAL', '/linux/timeOffsets'],
    [({ namespaces }) => ({ namespaces: [...namespaces, { type: 'user' }] }), 'EINVAL', '/linux'],
    [
      ({ namespaces }) => ({
        namespaces: [...namespaces, { type: 'user', path: '/proc/self/ns/user' }],
        ...map,
      }),
      'EINVAL',
      '/linux/uidMappings',
    ],
    [
      ({ namespaces }) => ({ namespaces: [...namespaces, { type: 'user', path: 'x' }] }),
      'EINVAL',
      '/linux/namespaces/5/path',
    ],
    [
      ({ namespaces }) => ({ namespaces: namespaces.filter(({ type }) => type !== 'mount') }),
      'ENOTSUP',
      '/linux/namespaces',
    ],
    [
      ({ namespaces }) => ({ namespaces: namespaces.filter(({ type }) => type !== 'pid') }),
      'ENOTSUP',
      '/linux/namespaces',
    ],
    [() => ({ namespaces: [{ type: 'sound' }] }), 'ENOTSUP', '/linux/namespaces/0/type'],
  ];
  for (const [change, errno, path] of cases) {
    const error: unknown = await runInit(['true'], { edit: withLinux(change) }).catch(
      (reason: unknown) => reason,
    );
    const detail = Reflect.get(Object(error), 'detail');
    assert.deepEqual([detail?.errno, detail?.path], [errno, path], String(error));
  }
});

contained('the launcher stays where it is', async () => {
  const before = ['net', 'uts', 'ipc', 'user'].map((file) => readlinkSync(`/proc/self/ns/${file}`));
  const { stdout } = await runInit(['namespaces']);
  for (const name of before.slice(1, 3)) assert.ok(!stdout.includes(name));
  assert.ok(readFileSync('/proc/self/uid_map', 'utf8').length > 0);
});
