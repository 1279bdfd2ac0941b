/**
 * Limits of containers, each felt from inside: a memory hog, a fork bomb, device nodes; and what is
 * written into the groups of this machine. Skipped aloud where cgroups cannot be made. What other
 * machines would be told is in cgroup-hosts.test.ts.
 */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResourcesSpec } from '#core/runtime-spec.ts';
import { Launcher } from '#runtime/launcher.ts';
import { groupFolder, hierarchyRoots, limited } from '#test/helpers/cgroups.ts';
import {
  contained,
  type Ran,
  runAt,
  runInit,
  site,
  type Wanted,
} from '#test/helpers/containers.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { containerWith, helpersOf } from '#test/helpers/processes.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

const MIB = 1024 * 1024;

function runLimited(
  init: readonly string[],
  resources: ResourcesSpec,
  wanted: Wanted = {},
): Promise<Ran> {
  const { edit = (spec) => spec } = wanted;
  return runInit(init, {
    ...wanted,
    edit: (spec) => edit({ ...spec, linux: { ...spec.linux, resources } }),
  });
}

limited('memory', 'a memory hog is killed at its limit, and the result says why', async () => {
  const memory = { limit: 16 * MIB, swap: 16 * MIB };
  const hog = await runLimited(['memhog', '64'], { memory });
  assert.deepEqual(
    { exitCode: hog.exitCode, oomKilled: hog.oomKilled, stdout: hog.stdout },
    { exitCode: 137, oomKilled: true, stdout: '' },
  );
  const modest = await runLimited(['memhog', '4'], { memory });
  assert.deepEqual(
    { exitCode: modest.exitCode, oomKilled: modest.oomKilled, stdout: modest.stdout },
    { exitCode: 0, oomKilled: false, stdout: '4 MiB\n' },
  );
});

limited('pids', 'a fork bomb meets its limit', async () => {
  const { stdout } = await runLimited(['forkbomb', '200'], { pids: { limit: 20 } });
  assert.equal(stdout, '19 Resource temporarily unavailable\n');
});

limited('pids', 'a limit of -1 is none', async () => {
  const { stdout } = await runLimited(['forkbomb', '50'], { pids: { limit: -1 } });
  assert.equal(stdout, '50\n');
});

/** Looks at a container's process 1, by the host's number, while it runs. */
async function whileLimited(
  resources: ResourcesSpec,
  look: (pid: number) => void,
  edit?: Wanted['edit'],
): Promise<void> {
  const stop = new AbortController();
  const word = `mark-${crypto.randomUUID()}`;
  const ran = runLimited(['all', 'echo', 'up', ',', 'sleep', '60', word], resources, {
    signal: stop.signal,
    ...(edit ? { edit } : {}),
    onOutput: () => {
      // Only once: what still comes after the abort finds a container that dies.
      if (stop.signal.aborted) return;
      try {
        const pid = containerWith(word);
        assert.ok(pid, 'the container runs');
        look(pid);
      } finally {
        stop.abort();
      }
    },
  });
  await assert.rejects(ran, { code: 'CANCELLED' });
}

/** What the files of the container's group hold while it runs. */
async function filesWhile(
  controller: string,
  resources: ResourcesSpec,
  names: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  await whileLimited(resources, (pid) => {
    for (const file of names) found[file] = read(`${groupFolder(controller, pid)}/${file}`);
  });
  return found;
}

const read = (path: string): string => readFileSync(path, 'utf8').trim();

limited('cpu', 'cpu limits are the files of the cpu controller', async () => {
  const cpu = { shares: 512, quota: 50_000, period: 200_000 };
  const files = ['cpu.shares', 'cpu.cfs_quota_us', 'cpu.cfs_period_us'];
  assert.deepEqual(await filesWhile('cpu', { cpu }, files), {
    'cpu.shares': '512',
    'cpu.cfs_quota_us': '50000',
    'cpu.cfs_period_us': '200000',
  });
});

limited('memory', 'memory limits are the files of the memory controller', async () => {
  const memory = { limit: 64 * MIB, swap: 96 * MIB, reservation: 32 * MIB, swappiness: 10 };
  const wanted = {
    'memory.limit_in_bytes': `${64 * MIB}`,
    'memory.memsw.limit_in_bytes': `${96 * MIB}`,
    'memory.soft_limit_in_bytes': `${32 * MIB}`,
    'memory.swappiness': '10',
  };
  assert.deepEqual(await filesWhile('memory', { memory }, Object.keys(wanted)), wanted);
});

limited('memory', 'the OOM killer can be switched off', async () => {
  const memory = { limit: 64 * MIB, disableOOMKiller: true };
  const { 'memory.oom_control': text } = await filesWhile('memory', { memory }, [
    'memory.oom_control',
  ]);
  assert.match(text ?? '', /^oom_kill_disable 1$/m);
});

limited(
  'cpuset',
  'a cpuset has what was asked for, and the memory nodes of the group above',
  async () => {
    const files = ['cpuset.cpus', 'cpuset.mems'];
    assert.deepEqual(await filesWhile('cpuset', { cpu: { cpus: '0' } }, files), {
      'cpuset.cpus': '0',
      'cpuset.mems': read(`${groupFolder('cpuset')}/cpuset.mems`),
    });
  },
);

limited('pids', 'groups are gone when the container is', async () => {
  const folders: (string | undefined)[] = [];
  await whileLimited({ pids: { limit: 5 }, memory: { limit: 64 * MIB } }, (pid) => {
    folders.push(groupFolder('pids', pid), groupFolder('memory', pid));
  });
  for (const folder of folders) {
    assert.match(folder ?? '', /\/slipway-[0-9a-f]{16}$/);
    assert.equal(existsSync(folder ?? ''), false);
  }
});

limited('pids', 'without limits a container is in our own groups', async () => {
  await whileLimited({}, (pid) => {
    assert.equal(
      readFileSync(`/proc/${pid}/cgroup`, 'utf8'),
      readFileSync('/proc/self/cgroup', 'utf8'),
    );
  });
});

limited('pids', 'inside, the own group is the root', async () => {
  const resources = { pids: { limit: 5 }, memory: { limit: 64 * MIB } };
  const { stdout } = await runLimited(['cat', '/proc/self/cgroup'], resources);
  const path = (controller: string): string | undefined =>
    stdout
      .split('\n')
      .find((line) => line.includes(`:${controller}:`))
      ?.split(':')[2];
  assert.deepEqual([path('pids'), path('memory')], ['/', '/']);
});

limited(
  'pids',
  'cgroupsPath from the root of the hierarchies, with folders that are missing',
  async () => {
    const place = `/slipway-test-${process.pid}`;
    const [root = ''] = hierarchyRoots('pids');
    const stop = new AbortController();
    let limit = '';
    try {
      await runLimited(
        ['all', 'echo', 'up', ',', 'sleep', '60'],
        { pids: { limit: 7 } },
        {
          signal: stop.signal,
          edit: (spec) => ({ ...spec, linux: { ...spec.linux, cgroupsPath: `${place}/inner` } }),
          onOutput: () => {
            limit = read(`${root}${place}/inner/pids.max`);
            stop.abort();
          },
        },
      ).catch(() => undefined);
      assert.equal(limit, '7');
      assert.deepEqual(
        [existsSync(`${root}${place}/inner`), existsSync(root + place)],
        [false, true],
      );
    } finally {
      for (const point of hierarchyRoots()) {
        if (existsSync(point + place)) rmdirSync(point + place);
      }
    }
  },
);

limited('pids', 'a cgroupsPath in systemd’s form, or one that climbs, is refused', async () => {
  const at = (cgroupsPath: string): Promise<Ran> =>
    runInit(['true'], { edit: (spec) => ({ ...spec, linux: { ...spec.linux, cgroupsPath } }) });
  await assert.rejects(at('user.slice:podman:abc'), {
    code: 'SPEC_UNSUPPORTED',
    message: 'config.json: /linux/cgroupsPath is not supported',
    hint: /systemd.*\/slice\/name/,
  });
  await assert.rejects(at('/a/../../b'), { code: 'LAUNCH_FAILED', hint: /without \.\./ });
});

limited(
  'pids',
  'a limit that the kernel refuses names the file, the errno and what to do',
  async () => {
    const cpus = '4000';
    const error: unknown = await runLimited(['true'], { cpu: { cpus } }).catch((e: unknown) => e);
    const { hint, detail } = Object(error);
    assert.deepEqual(
      { stage: detail.stage, call: detail.call, file: detail.path.replace(/.*\//, '') },
      { stage: 'cgroup', call: 'write', file: 'cpuset.cpus' },
    );
    assert.match(detail.errno, /^E(INVAL|NODEV|RANGE|ACCES)$/);
    assert.notEqual(hint, undefined);
    assert.equal(existsSync(dirname(detail.path)), false);
  },
);

const CLOSED: ResourcesSpec = {
  devices: [{ allow: false, access: 'rwm' }],
};

limited('devices', 'device rules close what they do not name, and open what they do', async () => {
  const nodes = ['mknod', '/zero', '1:5', ',', 'mknod', '/disk', '7:0', 'b', ','];
  const init = ['all', ...nodes, 'open', '/zero', '/disk', '/dev/null'];
  const closed = await runLimited(init, CLOSED);
  assert.equal(closed.stdout, '/zero ok\n/disk Operation not permitted\n/dev/null ok\n');
  const open = await runLimited(init, {
    devices: [
      { allow: false, access: 'rwm' },
      { allow: true, type: 'b', major: 7, minor: 0, access: 'rwm' },
    ],
  });
  assert.match(open.stdout, /^\/disk (ok|No such device or address)$/m);
});

/** A helper that finds the version 1 hierarchy of a controller not mounted. */
function helperWithout(controller: string, folder: TempFolder): string {
  const [point = ''] = hierarchyRoots(controller);
  const file = folder.at('helper');
  const inner = `umount ${point} && exec ${HELPER_PROGRAM} "$@"`;
  writeFileSync(file, `#!/bin/sh\nexec unshare --mount sh -c '${inner}' helper "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

limited(
  'devices',
  'device rules as a BPF program, where version 2 is mounted',
  async () => {
    using folder = tempFolder();
    await using launcher = new Launcher({ helper: helperWithout('devices', folder) });
    const nodes = ['mknod', '/zero', '1:5', ',', 'mknod', '/disk', '7:0', 'b', ','];
    const ran = await runAt(launcher, site(folder.path), {
      args: ['/init', 'all', ...nodes, 'open', '/zero', '/disk', '/dev/null'],
      edit: (spec) => ({ ...spec, linux: { ...spec.linux, resources: CLOSED } }),
    });
    assert.equal(ran.stdout, '/zero ok\n/disk Operation not permitted\n/dev/null ok\n', ran.stderr);
  },
  { needsV2: true },
);

limited(
  'pids',
  'a limit whose controller is not mounted is an error, no limit is none',
  async () => {
    using folder = tempFolder();
    await using launcher = new Launcher({ helper: helperWithout('pids', folder) });
    const ran = await runAt(launcher, site(folder.path), {});
    assert.equal(ran.exitCode, 0);
    const limited = runAt(launcher, site(folder.path), {
      edit: (spec) => ({ ...spec, linux: { ...spec.linux, resources: { pids: { limit: 5 } } } }),
    });
    await assert.rejects(limited, {
      code: 'LAUNCH_FAILED',
      message: /cgroup: find pids: /,
      hint: /no cgroup hierarchy mounted here has the controller "pids"/,
    });
  },
);

limited('pids', 'a killed helper leaves its group, and the next start removes it', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const word = `mark-${crypto.randomUUID()}`;
  const up = Promise.withResolvers<void>();
  const ran = runAt(launcher, site(folder.path), {
    args: ['/init', 'all', 'echo', 'up', ',', 'sleep', '1000', word],
    edit: (spec) => ({ ...spec, linux: { ...spec.linux, resources: { pids: { limit: 9 } } } }),
    onOutput: () => up.resolve(),
  });
  await up.promise;
  const pid = containerWith(word);
  assert.ok(pid, 'the container runs');
  const left = groupFolder('pids', pid) ?? '';
  assert.match(left, /\/slipway-[0-9a-f]{16}$/);
  for (const pid of helpersOf(process.pid)) process.kill(pid, 'SIGKILL');
  await assert.rejects(ran, { code: 'HELPER_FAILED' });
  // A start may come while the killed processes are still ending; then the next one removes it.
  for (let attempt = 0; attempt < 600 && existsSync(left); attempt++) {
    await sleep(20);
    await runLimited(['true'], { pids: { limit: 9 } });
  }
  assert.equal(existsSync(left), false);
});

limited('memory', 'programs read their limit in /sys/fs/cgroup, and cannot change it', async () => {
  const file = '/sys/fs/cgroup/memory/memory.limit_in_bytes';
  const limits = { memory: 64 * MIB };
  const shown = await runInit(['cat', file], { limits });
  assert.equal(shown.stdout, `${64 * MIB}\n`, shown.stderr);
  const write = await runInit(['append', file, '-1'], { limits });
  assert.match(write.stderr, /Read-only file system/);
});

limited('blkio', 'rates of a disk are lines of the blkio controller', async () => {
  const [name] = readdirSync('/sys/block');
  assert.ok(name, 'a machine without block devices');
  const [major = 0, minor = 0] = read(`/sys/block/${name}/dev`).split(':').map(Number);
  const blockIO = { throttleReadBpsDevice: [{ major, minor, rate: MIB }] };
  const file = 'blkio.throttle.read_bps_device';
  assert.deepEqual(await filesWhile('blkio', { blockIO }, [file]), {
    [file]: `${major}:${minor} ${MIB}`,
  });
});

contained(
  'a controller of version 2 is handed on, and the container cloned into its group',
  async (t) => {
    const root = groupFolder('unified');
    const controllers = `${root}/cgroup.controllers`;
    if (!existsSync(controllers) || !read(controllers).split(' ').includes('hugetlb')) {
      t.skip('needs hugetlb in version 2 of cgroups');
      return;
    }
    const hugepageLimits = [{ pageSize: '2MB', limit: 4 * MIB }];
    const files = await filesWhile('unified', { hugepageLimits }, ['hugetlb.2MB.max']);
    assert.deepEqual(files, { 'hugetlb.2MB.max': `${4 * MIB}` });
  },
);

limited('pids', 'many starts at once sweep nothing that is in use', async () => {
  const starts = Array.from({ length: 12 }, async () => {
    for (let i = 0; i < 4; i++) {
      const { stdout } = await runLimited(['echo', 'up'], { pids: { limit: 9 } });
      assert.equal(stdout, 'up\n');
    }
  });
  await Promise.all(starts);
});
