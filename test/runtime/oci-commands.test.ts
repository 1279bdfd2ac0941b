/**
 * The commands of the native helper in the shape of runc's (runtime-spec runtime.md §Operations): the
 * life of a container that outlives the command, and every refusal on its way.
 */
import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { contained } from '#test/helpers/containers.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { type OciSite, ociSite, textOf } from '#test/helpers/oci-runtime.ts';
import { pidsWith } from '#test/helpers/processes.ts';

const refuses = (site: OciSite, args: readonly string[], words: RegExp, status = 1): void => {
  const { status: found, stderr } = site.oci(...args);
  assert.deepEqual({ args, status: found }, { args, status });
  assert.match(stderr, words);
  assert.match(stderr, /^slipway-native: .*\n$/, 'one line');
};

contained('created, running, stopped, gone', async () => {
  using site = ociSite();
  const bundle = site.bundle(['write', '/ran', 'yes'], (spec) => ({
    ...spec,
    annotations: { 'org.example.a': 'b "c"' },
  }));
  site.ok('create', '--bundle', bundle, '--pid-file', join(site.path, 'pid'), 'one');
  const { pid } = site.state('one');
  assert.deepEqual(
    { ...site.state('one'), created: '' },
    {
      ociVersion: '1.2.0',
      id: 'one',
      status: 'created',
      pid,
      bundle,
      annotations: { 'org.example.a': 'b "c"' },
      created: '',
      owner: 'root',
    },
  );
  assert.equal(readFileSync(join(site.path, 'pid'), 'utf8'), String(pid));
  assert.equal(existsSync(join(bundle, 'rootfs/ran')), false, 'the program waits');
  site.ok('start', 'one');
  await site.until('one', 'stopped');
  assert.equal(textOf(join(bundle, 'rootfs/ran')), 'yes');
  assert.equal(site.state('one').pid, undefined);
  site.ok('delete', 'one');
  assert.deepEqual(readdirSync(site.root), []);
});

contained('a command at the wrong moment is refused, and changes nothing', async () => {
  using site = ociSite();
  const bundle = site.bundle(['sleep', '100']);
  site.ok('create', '--bundle', bundle, 'one');
  refuses(
    site,
    ['create', '--bundle', bundle, 'one'],
    /container with given ID already exists: one/,
  );
  refuses(site, ['delete', 'one'], /cannot delete container one that is not stopped: created/);
  refuses(site, ['resume', 'one'], /cannot resume a container that is created/);
  site.ok('start', 'one');
  refuses(site, ['start', 'one'], /cannot start a container that is running: one/);
  refuses(site, ['delete', 'one'], /not stopped: running/);
  site.ok('kill', 'one', 'SIGKILL');
  await site.until('one', 'stopped');
  refuses(site, ['start', 'one'], /cannot start a container that is stopped/);
  refuses(site, ['kill', 'one'], /container not running: one/);
  refuses(site, ['exec', 'one', '/init', 'true'], /cannot exec in a container that is stopped/);
  refuses(site, ['pause', 'one'], /cannot pause a container that is stopped/);
  refuses(site, ['ps', 'one'], /container not running/);
  refuses(site, ['update', '--pids-limit', '5', 'one'], /container not running/);
  site.ok('delete', 'one');
});

contained('an unknown container does not exist, whatever is asked of it', () => {
  using site = ociSite();
  for (const args of [
    ['start', 'x'],
    ['state', 'x'],
    ['kill', 'x', '9'],
    ['delete', 'x'],
    ['exec', 'x', 'true'],
    ['pause', 'x'],
    ['resume', 'x'],
    ['ps', 'x'],
    ['update', '--pids-limit', '5', 'x'],
  ]) {
    refuses(site, args, /container does not exist: x/);
  }
  site.ok('delete', '--force', 'x');
  return Promise.resolve();
});

contained('words that are not understood are named', () => {
  using site = ociSite();
  const bundle = site.bundle(['true']);
  const cases: readonly [string[], RegExp][] = [
    [['create'], /create: give one container ID/],
    [['create', '--bundle', bundle, '--nosuch', 'a'], /unknown flag: --nosuch/],
    [['create', 'a', '--bundle'], /give one container ID/],
    [['create', '--bundle'], /flag needs an argument: --bundle/],
    [['create', '--bundle', bundle, '--no-pivot', 'a'], /--no-pivot is not supported/],
    [['create', '--bundle', bundle, '../a'], /invalid container ID "..\/a"/],
    [['create', '--bundle', bundle, '..'], /invalid container ID/],
    [['create', '--bundle', bundle, 'a'.repeat(200)], /invalid container ID/],
    [['create', '--bundle', bundle, '--preserve-fds', '5', 'a'], /descriptor \d is not open/],
    [['create', '--bundle', bundle, '--preserve-fds', 'x', 'a'], /"x" is not a whole number/],
    [['kill', 'a', 'SIGNOSUCH'], /unknown signal "SIGNOSUCH"/],
    [['list', '--format', 'xml'], /neither json nor table/],
    [['exec', 'a'], /exec: give a command, or --process/],
    [['--systemd-cgroup', 'create', '--bundle', bundle, 'a'], /--systemd-cgroup is not supported/],
  ];
  for (const [args, words] of cases) refuses(site, args, words);
  assert.deepEqual(site.ok('list', '-q'), '');
  return Promise.resolve();
});

contained('a bundle that is none leaves nothing behind', () => {
  using site = ociSite();
  const withConfig = (text: string): string => {
    const bundle = site.bundle(['true']);
    writeFileSync(join(bundle, 'config.json'), text);
    return bundle;
  };
  const bare = site.bundle(['true']);
  rmSync(join(bare, 'config.json'));
  const rootless = site.bundle(['true']);
  rmSync(join(rootless, 'rootfs'), { recursive: true });
  const cases: readonly [string, RegExp, number?][] = [
    [join(site.path, 'nowhere'), /bundle .*nowhere: No such file or directory/],
    [bare, /open config.json: No such file or directory/],
    [withConfig('{"a":'), /config.json: .*not valid JSON at byte/],
    [withConfig('[]'), /must be an object/],
    [withConfig('{}'), /member "ociVersion"/],
    [rootless, /open rootfs: No such file or directory; root.path must be a folder/],
    [site.bundle(['x'], (spec) => ({ ...spec, vm: {} })), /\/vm is not supported/],
    [
      site.bundle([], (spec) => ({ ...spec, process: { ...spec.process, args: ['nosuch'] } })),
      /exec: "nosuch": executable file not found in \$PATH/,
      127,
    ],
    [
      site.bundle([], (spec) => ({ ...spec, process: { ...spec.process, args: ['/etc'] } })),
      /exec: "\/etc": is a directory/,
      126,
    ],
    [
      site.bundle(['true'], (spec) => ({ ...spec, process: { ...spec.process, cwd: '/init' } })),
      /chdir \/init: Not a directory/,
    ],
    [
      site.bundle(['true'], (spec) => ({ ...spec, process: { ...spec.process, terminal: true } })),
      /needs --console-socket for its terminal/,
    ],
  ];
  for (const [bundle, words, status] of cases) {
    refuses(site, ['create', '--bundle', bundle, 'one'], words, status);
    assert.deepEqual(readdirSync(site.root), []);
  }
  return Promise.resolve();
});

contained('what only executing shows is told by start', async () => {
  using site = ociSite();
  const bundle = site.bundle([], (spec) => ({
    ...spec,
    process: { ...spec.process, args: ['/script'] },
  }));
  writeFileSync(join(bundle, 'rootfs/script'), '#!/no/such/interpreter\n', { mode: 0o755 });
  site.ok('create', '--bundle', bundle, 'one');
  refuses(site, ['start', 'one'], /exec \/script: no such file or directory; the file exists/, 127);
  await site.until('one', 'stopped');
});

contained('errors also go to the log, as JSON or text', () => {
  using site = ociSite();
  const log = join(site.path, 'log');
  site.oci('--log', log, '--log-format', 'json', 'state', 'x');
  site.oci('--log', log, 'state', 'y"');
  const [json = '', text = ''] = readFileSync(log, 'utf8').split('\n');
  assert.deepEqual(
    { ...JSON.parse(json), time: '' },
    { msg: 'container does not exist: x', level: 'error', time: '' },
  );
  assert.match(text, /^time="\S+Z" level=error msg="invalid container ID .*"$/);
  return Promise.resolve();
});

contained('hooks run at their points, with the state on stdin', async () => {
  using site = ociSite();
  const log = join(site.path, 'hooks');
  const hook = (point: string) => ({
    path: '/bin/sh',
    args: ['sh', '-c', `printf '${point} ' >> ${log}; cat >> ${log}`],
    env: ['PATH=/usr/bin:/bin'],
    timeout: 20,
  });
  const outside = ['prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop'];
  const bundle = site.bundle(['sleep', '100'], (spec) => ({
    ...spec,
    hooks: {
      ...Object.fromEntries(outside.map((point) => [point, [hook(point)]])),
      startContainer: [{ path: '/init', args: ['init', 'write', '/started', 'inside'] }],
    },
  }));
  const points = (): string[] =>
    textOf(log)
      .split('\n')
      .map((line) => {
        const [point = '', ...rest] = line.split(' ');
        const { id, status, pid, bundle: at } = JSON.parse(rest.join(' '));
        assert.deepEqual({ id, at }, { id: 'one', at: bundle });
        return `${point} ${status} ${pid === undefined ? 'no pid' : 'pid'}`;
      });
  site.ok('create', '--bundle', bundle, 'one');
  const created = ['prestart', 'createRuntime', 'createContainer'].map((p) => `${p} creating pid`);
  assert.deepEqual(points(), created);
  assert.equal(existsSync(join(bundle, 'rootfs/started')), false);
  site.ok('start', 'one');
  assert.equal(textOf(join(bundle, 'rootfs/started')), 'inside');
  assert.deepEqual(points(), [...created, 'poststart running pid']);
  site.ok('delete', '--force', 'one');
  assert.equal(points().at(-1), 'poststop stopped no pid');
});

contained('a hook that fails stops the container; after delete it only tells', async () => {
  using site = ociSite();
  const failing = [{ path: '/bin/sh', args: ['sh', '-c', 'exit 3'], env: ['PATH=/bin'] }];
  const bundleWith = (hooks: object): string =>
    site.bundle(['write', '/ran', 'yes'], (spec) => ({ ...spec, hooks }));
  for (const point of ['prestart', 'createRuntime', 'createContainer']) {
    const bundle = bundleWith({ [point]: failing });
    refuses(site, ['create', '--bundle', bundle, 'one'], /hook: .*exit status 3/);
    assert.deepEqual(readdirSync(site.root), [], point);
  }
  const start = bundleWith({ startContainer: [{ path: '/init', args: ['init', 'false'] }] });
  site.ok('create', '--bundle', start, 'two');
  refuses(site, ['start', 'two'], /hook: wait \/init; it ended with exit status 1/);
  await site.until('two', 'stopped');
  assert.equal(existsSync(join(start, 'rootfs/ran')), false, 'the program never ran');
  const after = site.bundle(['sleep', '100'], (spec) => ({
    ...spec,
    hooks: { poststart: failing },
  }));
  site.ok('create', '--bundle', after, 'three');
  refuses(site, ['start', 'three'], /hook: /);
  await site.until('three', 'stopped');
  const last = join(site.path, 'last');
  const writes = { path: '/bin/sh', args: ['sh', '-c', `echo last > ${last}`], env: ['PATH=/bin'] };
  site.ok('create', '--bundle', bundleWith({ poststop: [...failing, writes] }), 'four');
  const deleted = site.oci('delete', '--force', 'four');
  assert.equal(deleted.status, 0);
  assert.match(deleted.stderr, /hook: /);
  assert.equal(textOf(last), 'last', 'the others still have their turn');
  refuses(site, ['state', 'four'], /does not exist/);
});

contained('a hook that takes longer than its timeout is killed', () => {
  using site = ociSite();
  const word = `hook-${crypto.randomUUID()}`;
  const bundle = site.bundle(['true'], (spec) => ({
    ...spec,
    hooks: {
      createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', 'sleep 60', word], timeout: 1 }],
    },
  }));
  refuses(site, ['create', '--bundle', bundle, 'one'], /killed after its timeout of 1 s/);
  assert.deepEqual(pidsWith(word), []);
  return Promise.resolve();
});

contained('exec runs beside the program, with its rights or those asked for', async () => {
  using site = ociSite();
  site.ok('create', '--bundle', site.bundle(['sleep', '100']), 'one');
  site.ok('start', 'one');
  const inside = (...args: string[]): string => site.ok('exec', ...args).trimEnd();
  const pid = site.state('one').pid;
  const ofContainer = inside('one', '/init', 'namespaces');
  for (const line of ofContainer.split('\n')) {
    const kind = line.split(':')[0];
    assert.ok(line.includes(readNamespace(pid, kind)), line);
  }
  assert.match(inside('one', 'init', 'hostname'), /^boat$/);
  assert.equal(inside('--cwd', '/etc', 'one', '/init', 'pwd'), '/etc');
  assert.equal(inside('--env', 'A=b c', '-e', 'D=', 'one', '/init', 'env'), 'PATH=/\nA=b c\nD=');
  assert.equal(inside('--user', '7:8', '-g', '9', 'one', '/init', 'id'), 'uid=7 gid=8 groups=9');
  const caps = inside('one', '/init', 'caps');
  assert.match(caps, /CapBnd:\s+00000000a80425fb[\s\S]*NoNewPrivs:\s+0\nSeccomp:\s+2/);
  assert.match(
    inside('--cap', 'CAP_SYS_TIME', '--no-new-privs', 'one', '/init', 'caps'),
    /CapEff:\s+00000000aa0425fb[\s\S]*NoNewPrivs:\s+1/,
  );
  assert.equal(inside('one', '/init', 'descriptors'), '0\n1\n2');
  assert.equal(site.oci('exec', 'one', '/init', 'exit', '7').status, 7);
  refuses(
    site,
    ['exec', 'one', 'nosuch'],
    /exec: "nosuch": executable file not found in \$PATH/,
    127,
  );
  refuses(site, ['exec', 'one', '/etc'], /exec: "\/etc": is a directory/, 126);
  refuses(site, ['exec', '--cwd', '/no', 'one', '/init', 'true'], /chdir \/no/);
  refuses(site, ['exec', '--cap', 'CAP_NO', 'one', '/init', 'true'], /unknown capability "CAP_NO"/);
  refuses(site, ['exec', '--user', 'root', 'one', '/init', 'true'], /"root" is not a whole number/);
});

function readNamespace(pid: number | undefined, kind: string | undefined): string {
  const name = kind === 'mnt' ? 'mnt' : kind;
  return readdirSync(`/proc/${pid}/ns`).includes(name ?? '')
    ? readlinkSync(`/proc/${pid}/ns/${name}`)
    : 'absent';
}

contained('exec takes a process file, and leaves a process alone', async () => {
  using site = ociSite();
  site.ok('create', '--bundle', site.bundle(['sleep', '100']), 'one');
  site.ok('start', 'one');
  const file = join(site.path, 'process.json');
  const write = (process: object): void => writeFileSync(file, JSON.stringify(process));
  const base = { user: { uid: 3, gid: 4 }, cwd: '/', env: ['E=f'] };
  write({ ...base, args: ['/init', 'all', 'id', ',', 'env'] });
  assert.equal(site.ok('exec', '--process', file, 'one'), 'uid=3 gid=4 groups=\nE=f\n');
  write({ ...base, args: ['/init', 'true'], nosuch: 1 });
  refuses(site, ['exec', '-p', file, 'one'], /\/nosuch is not supported/);
  refuses(site, ['exec', '-p', file, 'one', 'true'], /a command or --process, not both/);
  const word = `left-${crypto.randomUUID()}`;
  const pidFile = join(site.path, 'pid');
  site.ok('exec', '--detach', '--pid-file', pidFile, 'one', '/init', 'sleep', '100', word);
  await untilTrue(() => textOf(pidFile) !== '' && pidsWith(word).length === 1);
  assert.deepEqual(pidsWith(word).map(String), [textOf(pidFile)]);
  assert.match(site.ok('ps', 'one'), new RegExp(`${textOf(pidFile)} .*${word}`));
  const pids: number[] = JSON.parse(site.ok('ps', '--format', 'json', 'one'));
  assert.ok(pids.includes(Number(textOf(pidFile))));
  // The end of the container is that of everything in it.
  site.ok('delete', '--force', 'one');
  await untilTrue(() => pidsWith(word).length === 0);
});

contained('a pid that was given again is not the container', async () => {
  using site = ociSite();
  site.ok('create', '--bundle', site.bundle(['sleep', '100']), 'one');
  site.ok('start', 'one');
  const { pid } = site.state('one');
  const file = join(site.root, 'one/state.json');
  const state = JSON.parse(readFileSync(file, 'utf8'));
  for (const changed of [{ startTime: state.startTime - 1 }, { boot: 'another' }]) {
    writeFileSync(file, JSON.stringify({ ...state, ...changed }));
    assert.equal(site.state('one').status, 'stopped');
    refuses(site, ['kill', 'one', 'KILL'], /container not running/);
  }
  writeFileSync(file, JSON.stringify(state));
  assert.deepEqual([site.state('one').status, site.state('one').pid], ['running', pid]);
});

contained(
  'a creator killed at any moment leaves nothing that delete --force does not clear',
  async () => {
    using site = ociSite();
    const bundle = site.bundle(['sleep', '100', 'orphan-of-a-creator']);
    for (let delay = 0; delay < 24; delay++) {
      const creator = spawn(
        HELPER_PROGRAM,
        ['--root', site.root, 'create', '--bundle', bundle, 'one'],
        {
          stdio: 'ignore',
        },
      );
      const ended = new Promise((resolve) => creator.once('close', resolve));
      await sleep(delay / 2);
      creator.kill('SIGKILL');
      await ended;
      site.ok('delete', '--force', 'one');
      assert.deepEqual(readdirSync(site.root), [], `killed after ${delay / 2} ms`);
      await untilTrue(() => creators(bundle).length === 0);
    }
  },
);

/** Processes of ours whose working folder or root is in the bundle. */
function creators(bundle: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(bundle);
    } catch {
      return false;
    }
  });
}

contained('pause stops every process, resume lets them go on', async (t) => {
  using site = ociSite();
  site.ok('create', '--bundle', site.bundle(['sleep', '100']), 'one');
  site.ok('start', 'one');
  const paused = site.oci('pause', 'one');
  if (paused.status !== 0 && /cgroup/.test(paused.stderr)) {
    t.skip(`no cgroup can be frozen here: ${paused.stderr}`);
    return;
  }
  assert.equal(paused.status, 0, paused.stderr);
  assert.equal(site.state('one').status, 'paused');
  refuses(site, ['pause', 'one'], /cannot pause a container that is paused/);
  refuses(site, ['exec', 'one', '/init', 'true'], /cannot exec in a container that is paused/);
  site.ok('resume', 'one');
  assert.equal(site.state('one').status, 'running');
  assert.equal(site.ok('exec', 'one', '/init', 'echo', 'awake'), 'awake\n');
  site.ok('pause', 'one');
  site.ok('delete', '--force', 'one');
});

contained('list shows every container, as a table, as JSON, or by ID', () => {
  using site = ociSite();
  for (const id of ['b', 'a']) site.ok('create', '--bundle', site.bundle(['true']), id);
  assert.equal(site.ok('list', '--quiet'), 'a\nb\n');
  const lines = site.ok('list').split('\n');
  assert.match(lines[0] ?? '', /^ID +PID +STATUS +CREATED +BUNDLE$/);
  assert.match(lines[1] ?? '', /^a +\d+ +created +\S+Z +\/\S+$/);
  const listed: { id: string; status: string }[] = JSON.parse(site.ok('list', '-f', 'json'));
  assert.deepEqual(
    listed.map(({ id, status }) => [id, status]),
    [
      ['a', 'created'],
      ['b', 'created'],
    ],
  );
  return Promise.resolve();
});

contained(
  'a container in the foreground is known to the others, and ends with its command',
  async () => {
    using site = ociSite();
    const word = `fore-${crypto.randomUUID()}`;
    const running = spawn(
      HELPER_PROGRAM,
      ['--root', site.root, 'run', '--bundle', site.bundle(['sleep', '100', word]), 'one'],
      { stdio: 'ignore' },
    );
    const ended = new Promise((resolve) => running.once('close', resolve));
    await untilTrue(() => site.oci('state', 'one').stdout.includes('"running"'));
    assert.equal(site.ok('exec', 'one', '/init', 'hostname'), 'boat\n');
    running.kill('SIGKILL');
    await ended;
    await untilTrue(() => pidsWith(word).length === 0);
    assert.equal(site.state('one').status, 'stopped');
    site.ok('delete', 'one');
    const bundle = site.bundle(['exit', '5']);
    assert.equal(site.oci('run', '--bundle', bundle, 'two').status, 5);
    refuses(site, ['state', 'two'], /does not exist/);
    assert.equal(site.oci('run', '--keep', '--bundle', bundle, 'three').status, 5);
    assert.equal(site.state('three').status, 'stopped');
  },
);

contained('run --detach returns when the program runs', async () => {
  using site = ociSite();
  site.ok('run', '--detach', '--bundle', site.bundle(['sleep', '100']), 'one');
  await untilTrue(() => site.oci('state', 'one').stdout.includes('"running"'));
  const failing = site.bundle([], (spec) => ({
    ...spec,
    process: { ...spec.process, args: ['no'] },
  }));
  refuses(site, ['run', '-d', '--bundle', failing, 'two'], /executable file not found/, 127);
  assert.equal(site.ok('list', '-q'), 'one\n');
});

contained('features are what the readers take', () => {
  using site = ociSite();
  const features = JSON.parse(site.ok('features'));
  const { hooks, mountOptions, linux } = features;
  assert.deepEqual(hooks, [
    'prestart',
    'createRuntime',
    'createContainer',
    'startContainer',
    'poststart',
    'poststop',
  ]);
  for (const option of mountOptions) {
    // Seven of them contradict each other; one after the other each must be taken.
    const options = ['rbind', option];
    const mounts = [{ destination: '/mnt', type: 'bind', source: site.path, options }];
    const bundle = site.bundle(['true'], (spec) => ({
      ...spec,
      mounts: [...spec.mounts, ...mounts],
    }));
    const { status, stderr } = site.oci('run', '--bundle', bundle, 'x');
    assert.doesNotMatch(stderr, /not supported/, option);
    assert.ok(status === 0 || /mount/.test(stderr), `${option}: ${stderr}`);
  }
  const { capabilities, namespaces, seccomp, mountExtensions } = linux;
  assert.deepEqual(mountExtensions, { idmap: { enabled: mountOptions.includes('idmap') } });
  assert.ok(capabilities.includes('CAP_CHECKPOINT_RESTORE') && namespaces.includes('user'));
  const filter = (action: string) => ({
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: seccomp.archs,
    syscalls: [{ names: ['acct'], action }],
  });
  for (const action of seccomp.actions) {
    const bundle = site.bundle(['true'], (spec) => ({
      ...spec,
      linux: { ...spec.linux, seccomp: filter(action) },
    }));
    assert.equal(site.oci('run', '--bundle', bundle, 'x').status, 0, action);
  }
  return Promise.resolve();
});

contained('a terminal is the container’s own, with the size asked for', () => {
  using site = ociSite();
  const bundle = site.bundle(['tty'], (spec) => ({
    ...spec,
    process: { ...spec.process, terminal: true, consoleSize: { height: 33, width: 99 } },
  }));
  assert.equal(
    site.oci('run', '--bundle', bundle, 'one').stdout,
    '33 rows, 99 columns, controlling\r\n',
  );
  const plain = site.bundle(['sleep', '100']);
  site.ok('create', '--bundle', plain, 'two');
  site.ok('start', 'two');
  assert.match(
    site.ok('exec', '--tty', 'two', '/init', 'tty'),
    / rows, .* columns, controlling\r\n$/,
  );
  return Promise.resolve();
});

contained('our terminal is passed on with its size, and is afterwards what it was', (t) => {
  if (spawnSync('sh', ['-c', 'command -v script stty']).status !== 0) {
    t.skip('needs script and stty');
    return;
  }
  using site = ociSite();
  const bundle = site.bundle(['all', 'tty', ',', 'sleep', '2', ',', 'tty'], (spec) => ({
    ...spec,
    process: { ...spec.process, terminal: true },
  }));
  const at = (name: string): string => join(site.path, name);
  const steps = [
    'stty rows 41 cols 101',
    `stty -g > ${at('before')}`,
    '(sleep 0.5; stty -F /dev/tty rows 42 cols 102) &',
    `${HELPER_PROGRAM} --root ${site.root} run --bundle ${bundle} one`,
    `stty -g > ${at('after')}`,
  ];
  writeFileSync(at('steps'), steps.join('\n'));
  const line = 'mkfifo "$0" && exec script -qec "sh $1" /dev/null 0<>"$0"';
  const { stdout } = spawnShell(line, [at('typed'), at('steps')]);
  assert.match(stdout, /^41 rows, 101 columns, controlling\r\nready\r\n42 rows, 102 columns, /);
  assert.equal(textOf(at('after')), textOf(at('before')));
});

contained('descriptors are the container’s when they were preserved, and no others', () => {
  using site = ociSite();
  const bundle = site.bundle(['descriptors']);
  const shell = (flags: string): string => {
    const command = `exec "$0" --root "$1" run --bundle "$2" ${flags} fd 3</dev/null 4</dev/null 7</dev/null`;
    const ran = spawnShell(command, [HELPER_PROGRAM, site.root, bundle]);
    assert.equal(ran.status, 0, ran.stderr);
    return ran.stdout.trimEnd().replaceAll('\n', ' ');
  };
  assert.equal(shell(''), '0 1 2');
  assert.equal(shell('--preserve-fds 2'), '0 1 2 3 4');
  return Promise.resolve();
});

function spawnShell(command: string, args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync('/bin/sh', ['-c', command, ...args], { encoding: 'utf8' });
}

async function untilTrue(condition: () => boolean): Promise<void> {
  for (let attempt = 0; !condition(); attempt++) {
    assert.ok(attempt < 6000, 'it took longer than two minutes');
    await sleep(20);
  }
}
