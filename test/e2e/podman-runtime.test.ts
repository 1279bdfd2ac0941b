/**
 * podman, through conmon, with our launcher as its OCI runtime: what people do with containers, in storage
 * of the test's own. The image is slipway-init alone.
 */
import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { after, before, type TestContext, test } from 'node:test';
import { canContain, initFolder } from '#test/helpers/containers.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

const IMAGE = 'localhost/init:1';

/** What a machine without privileges over limits and networks allows, and what does not leave the folder. */
const CONTAINERS_CONF = `
[containers]
default_sysctls = []
default_ulimits = ["nofile=512:512", "nproc=512:512"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
`;

const has = (program: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

let folder: TempFolder | undefined;

before(() => {
  if (!has('podman') || !has('conmon') || process.getuid?.() !== 0) return;
  folder = tempFolder();
  writeFileSync(folder.at('containers.conf'), CONTAINERS_CONF);
  const tree = initFolder(folder.at('tree'));
  mkdirSync(folder.at('tree/tmp'));
  symlinkSync('/init', folder.at('tree/true'));
  spawnSync('tar', ['-C', tree, '-cf', folder.at('image.tar'), '.']);
  ok('import', '--change', 'ENTRYPOINT ["/init"]', folder.at('image.tar'), IMAGE);
});

after(() => {
  if (!folder) return;
  podman('rm', '--all', '--force', '--time', '0');
  podman('rmi', '--all', '--force');
  folder[Symbol.dispose]();
});

function command(args: readonly string[]): readonly string[] {
  assert.ok(folder);
  const global = ['--root', folder.at('storage'), '--runroot', folder.at('run')];
  const own = [
    '--tmpdir',
    folder.at('tmp'),
    '--storage-driver',
    'vfs',
    '--runtime',
    HELPER_PROGRAM,
  ];
  return ['podman', ...global, ...own, ...args];
}

function spawnIt([program = '', ...args]: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 180_000,
    env: { PATH: process.env.PATH, CONTAINERS_CONF: folder?.at('containers.conf') },
  });
}

function podman(...args: string[]): SpawnSyncReturns<string> {
  return spawnIt(command(args));
}

function ok(...args: string[]): string {
  const { status, stdout, stderr } = podman(...args);
  assert.equal(status, 0, `podman ${args.join(' ')}: ${stderr}`);
  return stdout.trimEnd();
}

/** With a terminal of its own, as a person has one; and like a person's, its input does not end. */
function onTerminal(args: readonly string[]): SpawnSyncReturns<string> {
  const typed = folder?.at(`typed-${crypto.randomUUID()}`) ?? '';
  const words = command(args).map((word) => `'${word}'`);
  const line = 'mkfifo "$0" && exec script -qec "$1" /dev/null 0<>"$0"';
  return spawnIt(['sh', '-c', line, typed, words.join(' ')]);
}

function withPodman(name: string, body: (t: TestContext) => void): void {
  test(name, (t) => {
    if (!canContain(t)) return;
    if (!folder) t.skip('needs podman and conmon');
    else body(t);
  });
}

withPodman('run: output, exit codes, and a network of its own or the host’s', () => {
  for (const network of ['host', 'none']) {
    const flags = ['run', '--rm', '--network', network, IMAGE];
    assert.equal(ok(...flags, 'echo', 'hello'), 'hello');
    assert.equal(podman(...flags, 'exit', '7').status, 7);
  }
  const ours = ok('run', '--rm', '--network', 'none', IMAGE, 'namespaces');
  assert.notEqual(/net:\S+/.exec(ours)?.[0], `net:${netOfHost()}`);
});

function netOfHost(): string {
  const { stdout } = spawnSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' });
  return stdout.trim().replace('net:', '');
}

withPodman('run: a program that is not there is 127, one that cannot be executed 126', () => {
  const run = (program: string) =>
    podman('run', '--rm', '--network=host', '--entrypoint', program, IMAGE);
  assert.deepEqual([run('nosuch').status, run('/nosuch').status], [127, 127]);
  assert.match(run('nosuch').stderr, /exec: "nosuch": executable file not found in \$PATH/);
});

withPodman('run: limits, a read-only root, volumes and dropped rights', () => {
  assert.ok(folder);
  const run = (...args: string[]) => podman('run', '--rm', '--network=none', ...args);
  const frozen = run(
    '--read-only',
    '--tmpfs',
    '/tmp',
    IMAGE,
    'all',
    'write',
    '/tmp/x',
    'y',
    ',',
    'write',
    '/x',
    'y',
  );
  assert.match(frozen.stderr, /\/x: Read-only file system/);
  assert.doesNotMatch(frozen.stderr, /\/tmp\/x/);
  mkdirSync(folder.at('volume'), { recursive: true });
  assert.equal(run('-v', `${folder.at('volume')}:/v`, IMAGE, 'write', '/v/file', 'kept').status, 0);
  assert.equal(readFileSync(folder.at('volume/file'), 'utf8').trim(), 'kept');
  const bare = run(
    '--cap-drop',
    'all',
    '--security-opt',
    'no-new-privileges',
    '--user',
    '5:6',
    IMAGE,
    'all',
    'id',
    ',',
    'caps',
  );
  assert.match(bare.stdout, /uid=5 gid=6/);
  assert.match(bare.stdout, /CapBnd:\s+0+\n[\s\S]*NoNewPrivs:\s+1\nSeccomp:\s+2/);
  const fork = run('--pids-limit', '20', IMAGE, 'forkbomb');
  assert.notEqual(fork.status, null, 'it ended by itself');
});

withPodman('run -it and exec -it have a terminal of the container’s', (t) => {
  if (!has('script')) {
    t.skip('needs script (util-linux)');
    return;
  }
  const ran = onTerminal(['run', '--rm', '-it', '--network=none', IMAGE, 'tty']);
  assert.match(ran.stdout, /\d+ rows, \d+ columns, controlling\r\n/);
  ok('run', '-d', '--name', 'tty', '--network=none', IMAGE, 'sleep', '100');
  const executed = onTerminal(['exec', '-it', 'tty', '/init', 'tty']);
  assert.match(executed.stdout, /\d+ rows, \d+ columns, controlling\r\n/);
  ok('rm', '--force', '--time', '0', 'tty');
});

withPodman('a container in the background: exec, top, pause, logs, kill, wait, rm', () => {
  ok('run', '-d', '--name', 'back', '--hostname', 'boat', '--network=none', IMAGE, 'sleep', '100');
  assert.match(ok('ps', '--format', '{{.Names}} {{.Status}}'), /^back Up /);
  assert.equal(ok('exec', 'back', '/init', 'hostname'), 'boat');
  assert.equal(
    ok('exec', '--user', '5:6', '-w', '/etc', 'back', '/init', 'all', 'id', ',', 'pwd'),
    'uid=5 gid=6 groups=\n/etc',
  );
  assert.equal(podman('exec', 'back', '/init', 'exit', '5').status, 5);
  assert.equal(podman('exec', 'back', 'nosuch').status, 127);
  ok('exec', '-d', 'back', '/init', 'sleep', '99');
  assert.equal(ok('top', 'back', 'pid', 'args').split('\n').length, 3);
  ok('pause', 'back');
  assert.equal(ok('inspect', '--format', '{{.State.Status}}', 'back'), 'paused');
  ok('unpause', 'back');
  assert.equal(ok('logs', 'back'), 'ready');
  ok('kill', 'back');
  assert.equal(ok('wait', 'back'), '137');
  ok('rm', 'back');
  assert.equal(ok('ps', '-a', '--format', '{{.Names}}'), '');
});

withPodman('stop ends a container that listens, and start begins it again', () => {
  ok('run', '-d', '--name', 'stops', '--network=none', '--memory', '64m', IMAGE, 'trap', '100');
  ok('stop', '--time', '20', 'stops');
  assert.equal(ok('inspect', '--format', '{{.State.ExitCode}}', 'stops'), '42');
  ok('start', 'stops');
  assert.equal(ok('inspect', '--format', '{{.State.Status}}', 'stops'), 'running');
  ok('rm', '--force', '--time', '0', 'stops');
});
