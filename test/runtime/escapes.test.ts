/**
 * Attempts to get out of the container, or to reach and change the host, as slipway-escape makes
 * them: by `slipway run` and RUN with the defaults, without the system call filter, as a user with a
 * setuid program, on a terminal, in a user namespace. Every attempt must fail, and in the way that is written here.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeBundle } from '#runtime/bundle.ts';
import { Launcher } from '#runtime/launcher.ts';
import { containerSpec } from '#runtime/spec.ts';
import { limited } from '#test/helpers/cgroups.ts';
import { type CliOptions, SLIPWAY, slipway } from '#test/helpers/cli-process.ts';
import { CONTAINER_ID, runAt, type Wanted } from '#test/helpers/containers.ts';
import {
  ESCAPE_PROGRAM,
  escapeContext,
  escapeSite,
  escaping,
  hostObjects,
  onHost,
  outcomes,
} from '#test/helpers/escapes.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';
import {
  homeFolder,
  type Outcome,
  runStanding,
  type Standing,
  standingUnfit,
} from '#test/helpers/unprivileged.ts';

/** The answers of a container with every default: who stops an attempt, and how. */
const ANSWERS: Readonly<Record<string, string>> = {
  // The filter: calls that change the machine.
  ...all(
    'EPERM',
    'kexec_load kexec_file_load init_module finit_module delete_module reboot swapon swapoff acct',
    'quotactl syslog add_key request_key keyctl bpf userfaultfd io_uring_setup fanotify_init',
    'perf_event_open sethostname setdomainname settimeofday clock_settime vhangup lookup_dcookie',
    'move_pages set_mempolicy nfsservctl iopl ioperm kcmp vsock',
  ),
  // The filter: mounts and namespaces. clone3 hides its flags, so it does not exist.
  ...all(
    'EPERM',
    'mount-tmpfs mount-proc mount-sysfs mount-bind mount-move mount-shared remount-writable',
    'remount-devices mount-release_agent mount-cgroup2 umount-readonly umount-mask umount-root',
    'pivot_root fsopen fspick fsmount open_tree open_tree_attr move_mount mount_setattr',
    'unshare-user unshare-mount unshare-all unshare-time clone-user clone-mount clone-pid clone-net',
    'clone-cgroup setns-mount setns-user setns-net nested-mount-proc nested-mount-sysfs',
    'nested-umount-readonly nested-remount-writable open_by_handle_at',
  ),
  ...all('ENOSYS', 'clone3-user x32'),
  ...all('EPERM', 'int80'),
  // Capabilities that root in a container does not have.
  ...all('EPERM', 'adjtimex raise-limit realtime overlay-redirect raise-capabilities'),
  ...all('EPERM', 'parent-pid-namespace parent-user-namespace'),
  ...all('EACCES', 'lower-oom-score'),
  // The root: nothing leads out of it.
  ...all('same root', 'chroot proc-1-root proc-1-root-above proc-1-cwd-above dots'),
  ...all('own program', 'launcher-program'),
  ...all('none', 'inherited-descriptors'),
  // No control group can be left, changed or given an agent.
  ...all('refused', 'release_agent leave-cgroup'),
  // Namespaces: what is the host's is not there.
  ...all('ESRCH', 'kill kill-group ptrace pidfd_open prlimit process_vm_readv process_vm_writev'),
  ...all('ENOENT', 'proc-of-host shared-memory message-queue semaphores posix-queue'),
  // Nodes can be made and not opened; the default devices stay where they are.
  ...all(
    'EACCES',
    'disk-in-root disk-in-tmp disk-in-dev disk-in-shm dev-mem dev-port dev-kmsg dev-console',
    'loop-control dev-fuse dev-tun',
  ),
  ...all('EBUSY', 'replace-null'),
  // There is no terminal here; the tests below have one.
  ...all('ENOTTY', 'push-characters steal-terminal reopen-terminal'),
  ...all('ENXIO', 'dev-tty'),
};

/** Only of x86-64. */
const OF_X86 = ['iopl', 'ioperm', 'x32', 'int80'];

/** Asked apart: with the host's network, which is the default of builds, these are the host's. */
const OF_NETWORK = 'abstract-socket';

function all(answer: string, ...names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.flatMap((list) => list.split(' ')).map((name) => [name, answer]));
}

function expected(): Readonly<Record<string, string>> {
  const known = Object.entries(ANSWERS).filter(
    ([name]) => process.arch === 'x64' || !OF_X86.includes(name),
  );
  return Object.fromEntries(known);
}

/** Without the network's; a kernel without 32-bit programs kills who calls it as one. */
function answers(text: string): Readonly<Record<string, string>> {
  const { [OF_NETWORK]: _, ...found } = outcomes(text);
  return found.int80?.startsWith('signal') ? { ...found, int80: 'EPERM' } : found;
}

async function image(folder: TempFolder, ...lines: readonly string[]): Promise<CliOptions> {
  const options = { root: folder.at('store') };
  const context = escapeContext(folder.at('context'), ...lines);
  const built = await slipway(['build', '-q', '-t', 'escape', context], options);
  assert.equal(built.exitCode, 0, built.stderr);
  return options;
}

async function inContainer(args: readonly string[], wanted: Wanted = {}): Promise<string> {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const { stdout, stderr } = await runAt(launcher, escapeSite(folder.path), { args, ...wanted });
  assert.equal(stderr, '');
  return stdout;
}

escaping('slipway run: every attempt fails', async () => {
  using folder = tempFolder();
  await using host = await hostObjects();
  const options = await image(folder);
  const env = host.env.flatMap((one) => ['-e', one]);
  const { stdout } = await slipway(['run', ...env, 'escape', '/escape'], options);
  assert.deepEqual(answers(stdout), expected());
});

escaping('RUN: every attempt fails', async () => {
  using folder = tempFolder();
  await using host = await hostObjects();
  const lines = [...host.env.map((one) => `ENV ${one}`), 'RUN ["/escape"]'];
  const context = escapeContext(folder.at('context'), ...lines);
  const built = await slipway(['build', '--progress', 'plain', '-t', 'escape', context], {
    root: folder.at('store'),
  });
  assert.equal(built.exitCode, 0, built.stderr);
  assert.deepEqual(answers(built.stderr), expected());
});

/** Who is not root has a user namespace: no nodes can be made there at all. */
const ROOTLESS: readonly Standing[] = [
  'user with subids',
  'user without subids',
  'root without sys_admin',
];

for (const standing of ROOTLESS) {
  test(`slipway run, ${standing}: every attempt fails`, async (t) => {
    const reason = standingUnfit(standing);
    if (reason !== undefined) return t.skip(reason);
    using folder = tempFolder();
    await using host = await hostObjects();
    const home = homeFolder(folder.at('home'));
    const context = escapeContext(folder.at('context'));
    const build = ['build', '-q', '-t', 'escape', context];
    const run = ['run', ...host.env.flatMap((one) => ['-e', one]), 'escape', '/escape'];
    const slipwayThere = (args: readonly string[]): Outcome =>
      runStanding(standing, { home }, [SLIPWAY, '--root', `${home}/store`, ...args]);
    const built = slipwayThere(build);
    assert.equal(built.exitCode, 0, built.stderr);
    const nodes = Object.keys(ANSWERS).filter((name) => /^(disk|dev|loop)-.*(?<!tty)$/.test(name));
    assert.deepEqual(answers(slipwayThere(run).stdout), {
      ...expected(),
      ...all('EPERM', ...nodes),
    });
  });
}

escaping('the attempts that find nothing do find it on the host', async () => {
  await using host = await hostObjects();
  const reaching = Object.keys(ANSWERS).filter((name) =>
    ['ESRCH', 'ENOENT'].includes(ANSWERS[name] ?? ''),
  );
  const found = outcomes(onHost([...reaching, OF_NETWORK], host.env));
  // Nothing is mapped at the address that these two look at: EFAULT is an answer of the process.
  const faults = all('EFAULT', 'process_vm_readv process_vm_writev');
  // The holder leads no process group.
  const wanted = { ...all('succeeded', ...reaching, OF_NETWORK), ...faults, 'kill-group': 'ESRCH' };
  assert.deepEqual(found, wanted);
});

escaping('without the filter, capabilities and namespaces stop what matters', async () => {
  await using host = await hostObjects();
  const found = answers(
    await inContainer(['/escape'], { seccomp: 'unconfined', env: [...host.env] }),
  );
  // Of the process itself or of the kernel's offer to every user: the filter alone hides it.
  const open = 'add_key request_key keyctl move_pages set_mempolicy vsock unshare-user unshare-all';
  const succeeded = Object.keys(found).filter((name) => found[name] === 'succeeded');
  const allowed = [...open.split(' '), 'clone-user', 'clone3-user', 'io_uring_setup'];
  assert.deepEqual(
    succeeded.filter((name) => !allowed.includes(name)),
    [],
  );
  for (const name of Object.keys(expected())) {
    if (allowed.includes(name) || ANSWERS[name]?.startsWith('E')) continue;
    if (name === 'int80') continue; // a 32-bit mount call: its own check answers
    assert.equal(found[name], ANSWERS[name], name);
  }
  // With a user namespace of its own it still cannot uncover what is masked.
  assert.match(found['nested-mount-proc'] ?? '', /^E(PERM|NOSPC|USERS)$/);
  assert.match(found['nested-mount-sysfs'] ?? '', /^E(PERM|NOSPC|USERS)$/);
  assert.match(found['nested-umount-readonly'] ?? '', /^E(INVAL|PERM|NOSPC|USERS)$/);
  assert.match(found['nested-remount-writable'] ?? '', /^E(PERM|NOSPC|USERS)$/);
});

escaping('abstract sockets are the network’s: the host’s, or with none nobody’s', async () => {
  await using host = await hostObjects();
  const env = [...host.env];
  const none = await inContainer(['/escape', OF_NETWORK], { env, network: 'none' });
  assert.equal(none, 'abstract-socket ECONNREFUSED\n');
  const shared = await inContainer(['/escape', OF_NETWORK], { env, network: 'host' });
  assert.equal(shared, 'abstract-socket succeeded\n');
});

escaping('files of /proc and /sys that change the machine cannot be written', async () => {
  const paths = [
    ...['core_pattern', 'modprobe', 'hostname', 'panic', 'kexec_load_disabled', 'sysrq'].map(
      (name) => `/proc/sys/kernel/${name}`,
    ),
    ...['/proc/sys/vm/drop_caches', '/proc/sys/net/ipv4/ip_forward', '/proc/sys/fs/file-max'],
    ...['/proc/sys/fs/binfmt_misc/register', '/proc/sysrq-trigger', '/proc/mtrr'],
    ...['/proc/irq/default_smp_affinity', '/proc/bus/pci/devices', '/proc/self/uid_map'],
    ...['/proc/self/setgroups', '/sys/kernel/uevent_helper', '/sys/power/state'],
    ...['/sys/kernel/mm/transparent_hugepage/enabled', '/sys/module/kernel/parameters/panic'],
    ...['/sys/class/net/lo/mtu', '/sys/devices/system/cpu/cpu1/online', '/sys/block/loop0/uevent'],
  ];
  for (const seccomp of [{}, { seccomp: 'unconfined' }] as const) {
    const lines = (await inContainer(['/escape', 'write', ...paths], seccomp)).trim().split('\n');
    const written = lines.filter((line) => !/ (EROFS|ENOENT|EPERM|EACCES)$/.test(line));
    assert.deepEqual([lines.length, written], [paths.length, []]);
    assert.ok(lines.includes('/proc/sys/kernel/core_pattern EROFS'));
  }
});

escaping('masked files are empty or not there, masked folders are empty', async () => {
  const files = ['kcore', 'keys', 'timer_list', 'interrupts', 'latency_stats', 'sched_debug'];
  const read = await inContainer(['/escape', 'read', ...files.map((name) => `/proc/${name}`)]);
  for (const line of read.trim().split('\n')) assert.match(line, / (0 bytes|ENOENT)$/);
  for (const folder of ['/sys/firmware', '/proc/acpi', '/proc/scsi', '/proc/asound']) {
    using place = tempFolder();
    await using launcher = new Launcher({ helper: HELPER_PROGRAM });
    const { stdout } = await runAt(launcher, escapeSite(place.path), {
      args: ['/init', 'ls', folder],
    });
    assert.equal(stdout, '', folder);
  }
});

escaping('a setuid program makes no root under no_new_privs', async () => {
  const user = { uid: 1000, gid: 1000 };
  const args = ['/setuid', 'ids'];
  assert.equal(await inContainer(args, { user, noNewPrivileges: true }), '1000 1000 1000\n');
  // docker's default: sudo works, within the container's capabilities.
  assert.equal(await inContainer(args, { user }), '1000 0 0\n');
});

escaping('another user gets no further than root', async () => {
  await using host = await hostObjects();
  const user = { uid: 1000, gid: 1000 };
  const found = answers(await inContainer(['/escape'], { user, env: [...host.env] }));
  const succeeded = Object.keys(found).filter((name) => found[name] === 'succeeded');
  assert.deepEqual(succeeded, []);
});

escaping('a startContainer hook is a program of the image, and has only its rights', async () => {
  using folder = tempFolder();
  const place = escapeSite(folder.path);
  for (const uid of [0, 1000]) {
    const spec = containerSpec({
      args: ['/init', 'caps'],
      env: [],
      cwd: '/',
      user: { uid, gid: uid },
      hostname: 'boat',
      network: 'host',
      noNewPrivileges: uid !== 0,
    });
    writeBundle(place.bundle, spec, place.rootfs);
    const hook = { path: '/init', args: ['init', 'caps'] };
    const config = { ...spec, hooks: { startContainer: [hook] } };
    writeFileSync(join(place.bundle, 'config.json'), JSON.stringify(config));
    const ran = spawnSync(HELPER_PROGRAM, ['run', '--bundle', place.bundle, CONTAINER_ID], {
      encoding: 'utf8',
    });
    assert.equal(ran.stderr, '');
    const [first, second] = ran.stdout.split(/(?<=Seccomp:.*\n)/);
    assert.match(first ?? '', /Seccomp:\t2\n$/);
    assert.equal(first, second);
  }
});

for (const [controller, flag, command, refusal] of [
  ['pids', '--pids-limit=20', ['forks', '200'], /^exit 0: 19 EAGAIN\n$/],
  ['memory', '--memory=16m', ['memory', '64'], /^exit 137: $/],
] as const) {
  limited(controller, `slipway run ${flag} holds against ${command[0]} without end`, async () => {
    using folder = tempFolder();
    const options = await image(folder);
    const ran = await slipway(['run', flag, 'escape', '/escape', ...command], options);
    assert.match(`exit ${ran.exitCode}: ${ran.stdout}`, refusal, ran.stderr);
    const unlimited = await slipway(['run', 'escape', '/escape', ...command], options);
    assert.match(unlimited.stdout, /succeeded\n$/);
  });
}

const PUSHING = ['push-characters', 'steal-terminal', 'reopen-terminal', 'dev-tty'];

function onTerminal(argv: readonly string[], root?: string): string {
  const env = { ...process.env, ...(root === undefined ? {} : { SLIPWAY_ROOT: root }) };
  const ran = spawnSync(ESCAPE_PROGRAM, ['on-terminal', ...argv], { encoding: 'utf8', env });
  return ran.stdout.replaceAll('\r', '');
}

escaping('nothing can be typed into the terminal that slipway run was started from', async () => {
  // First that it can be on this kernel, by a program that is not contained.
  const free = onTerminal([ESCAPE_PROGRAM, 'push-characters']);
  assert.match(free, /^push-characters succeeded\nleft for the shell: 12 bytes\n$/);
  using folder = tempFolder();
  const { root } = await image(folder);
  const text = onTerminal([SLIPWAY, 'run', '-i', 'escape', '/escape', ...PUSHING], root);
  const found = outcomes(text);
  assert.match(text, /left for the shell: 0 bytes\n$/);
  for (const name of PUSHING) assert.match(found[name] ?? '', /^E(PERM|IO|NXIO)$/, text);
});

escaping('every attempt has an answer here, and the other way round', async () => {
  const known = new Set([...Object.keys(ANSWERS), OF_NETWORK]);
  const sources = ['kernel', 'mount', 'outside'].map((name) =>
    readFileSync(new URL(`../../native/escape/${name}-attempts.c`, import.meta.url), 'utf8'),
  );
  const named = sources.flatMap((text) =>
    [...text.matchAll(/^ {4}\{"([\w-]+)", try_\w+\},$/gm)].map(([, name]) => name ?? ''),
  );
  assert.deepEqual(new Set(named), known);
});
