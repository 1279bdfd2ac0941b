/**
 * process and the kernel's settings around it (runtime-spec config.md §Process, config-linux.md): what
 * the program sees of each member, and what is refused.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import type { RuntimeSpec } from '#core/runtime-spec.ts';
import { Launcher } from '#runtime/launcher.ts';
import { contained, type Ran, runAt, runInit, site } from '#test/helpers/containers.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

/** What an engine other than Slipway may write. */
interface Members {
  readonly process?: object;
  readonly linux?: object;
  readonly top?: object;
}

function merged({ process, linux, top }: Members): (spec: RuntimeSpec) => RuntimeSpec {
  return (spec) => ({
    ...spec,
    process: { ...spec.process, ...process },
    linux: { ...spec.linux, ...linux },
    ...top,
  });
}

function runWith(members: Members, ...init: readonly string[]): Promise<Ran> {
  return runInit(init, { edit: merged(members) });
}

/** Where the launcher saw the reason, and what it calls it. */
async function refusal(members: Members): Promise<readonly unknown[]> {
  const error: unknown = await runWith(members, 'true').catch((reason: unknown) => reason);
  const detail = Reflect.get(Object(error), 'detail');
  return [detail?.errno, detail?.path];
}

contained('scheduler: policy, priority and nice value', async () => {
  const of = async (scheduler: object): Promise<string | undefined> =>
    (await runWith({ process: { scheduler } }, 'scheduling')).stdout.split(' io ')[0];
  assert.equal(await of({ policy: 'SCHED_OTHER', nice: 7 }), 'policy 0 priority 0 nice 7');
  assert.equal(await of({ policy: 'SCHED_BATCH', nice: 3 }), 'policy 3 priority 0 nice 3');
  assert.match((await of({ policy: 'SCHED_IDLE' })) ?? '', /^policy 5 priority 0 nice 0/);
  const flags = ['SCHED_FLAG_RESET_ON_FORK'];
  // 0x40000000 is how the old call tells of the flag.
  const fifo = await of({ policy: 'SCHED_FIFO', priority: 9, flags });
  assert.match(fifo ?? '', /^policy 1073741825 priority 9 nice/);
});

contained('ioPriority: class and level', async () => {
  const of = async (ioPriority: object): Promise<string> =>
    (await runWith({ process: { ioPriority } }, 'scheduling')).stdout;
  assert.match(await of({ class: 'IOPRIO_CLASS_BE', priority: 6 }), / io 2:6\n/);
  assert.match(await of({ class: 'IOPRIO_CLASS_IDLE', priority: 0 }), / io 3:0\n/);
});

contained('execCPUAffinity is for exec: the first process keeps its CPUs', async () => {
  const execCPUAffinity = { initial: '0', final: '0' };
  const { stdout } = await runWith({ process: { execCPUAffinity } }, 'scheduling');
  assert.equal(
    /^Cpus_allowed_list:\s*(.*)$/m.exec(stdout)?.[1],
    /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1],
  );
});

contained('oomScoreAdj and umask', async () => {
  const user = { uid: 0, gid: 0, umask: 0o27 };
  const { stdout } = await runWith(
    { process: { oomScoreAdj: 321, user } },
    ...['all', 'cat', '/proc/self/oom_score_adj', ',', 'umask'],
  );
  assert.equal(stdout, '321\n0027\n');
});

contained(
  'a working folder that is not there is made, also where the image has a dangling link',
  async () => {
    using folder = tempFolder();
    await using launcher = new Launcher({ helper: HELPER_PROGRAM });
    const place = site(folder.path);
    const { stdout } = await runAt(launcher, place, { args: ['/init', 'pwd'], cwd: '/not/there' });
    assert.equal(stdout, '/not/there\n');
    const made = statSync(`${place.upper}/not/there`);
    assert.deepEqual([made.mode & 0o7777, made.uid, made.gid], [0o755, 0, 0]);
    mkdirSync(`${place.upper}/linked`, { recursive: true });
    const link = ['all', 'ln', '-s', `${folder.path}/outside`, '/linked/out'];
    await runAt(launcher, place, { args: ['/init', ...link] });
    const through = await runAt(launcher, place, {
      args: ['/init', 'pwd'],
      cwd: '/linked/out/deep',
    });
    assert.equal(through.stdout, `${folder.path}/outside/deep\n`);
    assert.ok(!existsSync(`${folder.path}/outside`), 'nothing is made on the host');
    const readonly = runAt(launcher, place, { cwd: '/another', readonlyRoot: true });
    await assert.rejects(readonly, { message: /cwd: mkdir \/another: read-only file system/ });
  },
);

contained(
  'labels: empty ones are none; without the module on the host they are refused',
  async () => {
    const empty = { apparmorProfile: '', selinuxLabel: '' };
    const { exitCode } = await runWith({ process: empty, linux: { mountLabel: '' } }, 'true');
    assert.equal(exitCode, 0);
    if (!existsSync('/sys/fs/selinux/enforce')) {
      const label = 'system_u:system_r:container_t:s0';
      assert.deepEqual(await refusal({ process: { selinuxLabel: label } }), [
        'ENOTSUP',
        '/process/selinuxLabel',
      ]);
      assert.deepEqual(await refusal({ linux: { mountLabel: label } }), [
        'ENOTSUP',
        '/linux/mountLabel',
      ]);
    }
    if (!existsSync('/sys/module/apparmor/parameters/enabled')) {
      assert.deepEqual(await refusal({ process: { apparmorProfile: 'docker-default' } }), [
        'ENOTSUP',
        '/process/apparmorProfile',
      ]);
    }
  },
);

contained('domainname and hostname, in a uts namespace only', async () => {
  const { stdout } = await runWith({ top: { domainname: 'sea.example' } }, 'machine');
  assert.match(stdout, / sea\.example\n$/);
  const shared = { namespaces: ['pid', 'mount', 'ipc'].map((type) => ({ type })) };
  assert.deepEqual(await refusal({ linux: shared }), ['EINVAL', '/hostname']);
  const named = { linux: shared, top: { hostname: undefined, domainname: 'x' } };
  assert.deepEqual(await refusal(named), ['EINVAL', '/domainname']);
});

contained('personality: a 32-bit machine', async (t) => {
  if (process.arch !== 'x64') return t.skip('of x86-64');
  const machine = async (personality: object): Promise<string> =>
    (await runWith({ linux: { personality } }, 'machine')).stdout.split(' ')[0] ?? '';
  assert.equal(await machine({ domain: 'LINUX32' }), 'i686');
  assert.equal(await machine({ domain: 'LINUX', flags: [] }), 'x86_64');
});

contained('sysctl: parameters of the container’s own namespaces', async () => {
  const sysctl = {
    'kernel.shm_rmid_forced': '1',
    'kernel.msgmax': '4096',
    'fs.mqueue.msg_max': '17',
    'net.ipv4.ip_forward': '1',
    'net/ipv4/conf/lo/forwarding': '1',
  };
  const files = ['kernel/shm_rmid_forced', 'kernel/msgmax', 'fs/mqueue/msg_max'];
  const all = [...files, 'net/ipv4/ip_forward', 'net/ipv4/conf/lo/forwarding'];
  const before = files.map((file) => readFileSync(`/proc/sys/${file}`, 'utf8'));
  const { stdout, stderr } = await runInit(['cat', ...all.map((file) => `/proc/sys/${file}`)], {
    network: 'none',
    edit: merged({ linux: { sysctl } }),
  });
  assert.equal(stdout, '1\n4096\n17\n1\n1\n', stderr);
  assert.deepEqual(
    files.map((file) => readFileSync(`/proc/sys/${file}`, 'utf8')),
    before,
  );
});

contained('sysctl: no name climbs out of its namespace’s folder', async () => {
  // A parameter that nobody can write, so that nothing happens where it is reached.
  for (const name of ['net/../kernel/ostype', 'net.//.kernel.ostype', 'net/./core/somaxconn']) {
    const edit = merged({ linux: { sysctl: { [name]: '1' } } });
    await assert.rejects(runInit(['true'], { network: 'none', edit }), {
      code: 'LAUNCH_FAILED',
      hint: /named as sysctl/,
    });
  }
});

contained('sysctl: what is the machine’s, or of a namespace of the host, is refused', async () => {
  const cases: readonly [string, string][] = [
    ['kernel.panic', 'ENOTSUP'],
    ['vm.swappiness', 'ENOTSUP'],
    ['kernel.core_pattern', 'ENOTSUP'],
    ['kernel.hostname', 'EINVAL'],
    ['net.ipv4.ip_forward', 'EINVAL'],
    ['user.max_user_namespaces', 'EINVAL'],
    ['net.../.../kernel.panic', 'EINVAL'],
    ['', 'EINVAL'],
  ];
  for (const [name, errno] of cases) {
    const escaped = name.replaceAll('/', '~1');
    assert.deepEqual(
      await refusal({ linux: { sysctl: { [name]: '1' } } }),
      [errno, `/linux/sysctl/${escaped}`],
      name,
    );
  }
  const none = {
    network: 'none',
    edit: merged({ linux: { sysctl: { 'net.nosuch': '1' } } }),
  } as const;
  await assert.rejects(runInit(['true'], none), {
    message: /sysctl: open net\.nosuch: no such file/,
  });
  const wrong = merged({ linux: { sysctl: { 'kernel.msgmax': 'many' } } });
  await assert.rejects(runInit(['true'], { edit: wrong }), {
    message: /sysctl: write kernel\.msgmax: invalid argument/,
  });
});

contained('versions 1.0 to 1.3 of the specification, with what may follow the number', async () => {
  for (const ociVersion of ['1.0.0', '1.0.2-dev', '1.1.0+dev', '1.2.1', '1.3.0']) {
    assert.equal((await runWith({ top: { ociVersion } }, 'true')).exitCode, 0, ociVersion);
  }
  for (const ociVersion of ['2.0.0', '0.9.0', '1', '1.', '1.2', '1.2.0x', 'latest']) {
    assert.deepEqual(
      await refusal({ top: { ociVersion } }),
      ['ENOTSUP', '/ociVersion'],
      ociVersion,
    );
  }
});

contained(
  'members that are not Linux’s, or not implemented, are refused by their place',
  async () => {
    const cases: readonly [Members, string][] = [
      [{ process: { commandLine: 'cmd' } }, '/process/commandLine'],
      [{ process: { user: { uid: 0, gid: 0, username: 'me' } } }, '/process/user/username'],
      [{ process: { scheduler: { policy: 'SCHED_FAIR' } } }, '/process/scheduler/policy'],
      [{ process: { ioPriority: { class: 'IOPRIO_CLASS_NONE' } } }, '/process/ioPriority/class'],
      [{ linux: { intelRdt: {} } }, '/linux/intelRdt'],
      [{ linux: { netDevices: {} } }, '/linux/netDevices'],
      [{ linux: { memoryPolicy: {} } }, '/linux/memoryPolicy'],
      [{ top: { windows: {} } }, '/windows'],
      [{ top: { vm: {} } }, '/vm'],
      [{ linux: { personality: { domain: 'LINUX', flags: ['X'] } } }, '/linux/personality/flags/0'],
    ];
    for (const [members, path] of cases) {
      assert.deepEqual(await refusal(members), ['ENOTSUP', path]);
    }
    const malformed: readonly [Members, string][] = [
      [{ process: { scheduler: { nice: 1 } } }, '/process/scheduler'],
      [{ process: { scheduler: { policy: 'SCHED_OTHER', nice: 20 } } }, '/process/scheduler/nice'],
      [
        { process: { ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 8 } } },
        '/process/ioPriority/priority',
      ],
      [{ process: { execCPUAffinity: { final: '3-1' } } }, '/process/execCPUAffinity/final'],
      [{ linux: { personality: { domain: 'SOLARIS' } } }, '/linux/personality/domain'],
    ];
    for (const [members, path] of malformed)
      assert.deepEqual(await refusal(members), ['EINVAL', path]);
  },
);
