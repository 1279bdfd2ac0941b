/** Bundles that the launcher does not understand or cannot start: what is wrong, where, and what to do. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Launcher } from '#runtime/launcher.ts';
import { containerSpec } from '#runtime/spec.ts';
import { CONTAINER_ID, contained, type Site, site } from '#test/helpers/containers.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const SPEC = containerSpec({
  args: ['/init', 'true'],
  env: [],
  cwd: '/',
  user: { uid: 0, gid: 0 },
  hostname: 'boat',
  network: 'host',
});

type Path = readonly (string | number)[];

/** A deep copy with one place set; undefined removes it. */
function changed(value: unknown, path: Path, put: unknown): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(value));
  let at = copy;
  for (const key of path.slice(0, -1)) at = Reflect.get(Object(at), key);
  Reflect.set(Object(at), path.at(-1) ?? '', put);
  return copy;
}

async function start(
  place: Site,
  config: unknown,
  rootfs: unknown = place.rootfs,
): Promise<unknown> {
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const text = (value: unknown): string =>
    typeof value === 'string' ? value : JSON.stringify(value);
  writeFileSync(`${place.bundle}/config.json`, text(config));
  writeFileSync(`${place.bundle}/rootfs.json`, text(rootfs));
  const stdio = { kind: 'capture', output: () => {} } as const;
  return await launcher.run({ id: 'x', bundle: place.bundle, stdio });
}

contained('fields that are not implemented are refused, not ignored', async () => {
  using folder = tempFolder();
  const place = site(folder.path);
  const cases: readonly [Path, unknown, string][] = [
    [['hooks'], { poststart: [{ path: '/x', sleep: 1 }] }, '/hooks/poststart/0/sleep'],
    [['process', 'scheduling'], {}, '/process/scheduling'],
    [['process', 'capabilities', 'bounding'], ['CAP_NEW'], '/process/capabilities/bounding/0'],
    [['linux', 'intelRdt'], {}, '/linux/intelRdt'],
    [['linux', 'a~b/c'], 1, '/linux/a~0b~1c'],

    [['linux', 'namespaces', 1], { type: 'mount', path: '/x' }, '/linux/namespaces'],
    [['mounts', 0, 'options'], ['remount'], '/mounts/0/options/0'],
    [['mounts', 0, 'options'], ['ro', 'idmap'], '/mounts/0/options'],
    [['mounts', 0, 'colour'], [], '/mounts/0/colour'],
    [['ociVersion'], '2.0.0', '/ociVersion'],
  ];
  for (const [path, put, pointer] of cases) {
    await assert.rejects(start(place, changed(SPEC, path, put)), {
      code: 'SPEC_UNSUPPORTED',
      message: `config.json: ${pointer} is not supported`,
    });
  }
});

contained('the resident helper runs no hooks and has no terminal to give', async () => {
  using folder = tempFolder();
  const place = site(folder.path);
  mkdirSync(join(place.bundle, 'rootfs'));
  const cases: readonly [Path, unknown, string][] = [
    [['hooks'], { prestart: [{ path: '/bin/true' }] }, '/hooks'],
    [['process', 'terminal'], true, '/process/terminal'],
  ];
  for (const [path, put, pointer] of cases) {
    await assert.rejects(start(place, changed(SPEC, path, put)), {
      code: 'SPEC_UNSUPPORTED',
      message: `config.json: ${pointer} is not supported`,
    });
  }
});

contained('malformed fields are named, with what they must be', async () => {
  using folder = tempFolder();
  const place = site(folder.path);
  const cases: readonly [Path, unknown, string, RegExp][] = [
    [['process', 'args'], [], '/process/args', /program first/],
    [['process', 'args'], 'true', '/process/args', /an array/],
    [['process', 'cwd'], 'work', '/process/cwd', /absolute path/],
    [['hooks'], { prestart: [{ path: 'x' }] }, '/hooks/prestart/0/path', /absolute path/],
    [['hooks'], { poststop: [{}] }, '/hooks/poststop/0', /member "path"/],
    [['annotations'], { a: 1 }, '/annotations/a', /a string/],
    [
      ['process', 'consoleSize'],
      { height: 70000, width: 1 },
      '/process/consoleSize/height',
      /0 to 65535/,
    ],
    [['process', 'user', 'uid'], -1, '/process/user/uid', /whole number from 0/],
    [['process', 'user', 'uid'], 1.5, '/process/user/uid', /whole number/],
    [['process', 'user', 'gid'], 2 ** 32, '/process/user/gid', /whole number/],
    [['process', 'cwd'], undefined, '/process', /"cwd"/],
    [['linux', 'namespaces', 1], { type: 'pid' }, '/linux/namespaces/1/type', /listed already/],
  ];
  for (const [path, put, pointer, hint] of cases) {
    await assert.rejects(start(place, changed(SPEC, path, put)), {
      code: 'LAUNCH_FAILED',
      hint,
      detail: { stage: 'spec', call: 'check', errno: 'EINVAL', path: pointer, exitCode: 125 },
    });
  }
});

contained('what is not strict JSON is refused with the place', async () => {
  using folder = tempFolder();
  const place = site(folder.path);
  const cases: readonly [string, RegExp][] = [
    ['', /byte 0: a value must follow/],
    ['{"a":1,}', /a member name must follow/],
    ['{"a":1,"a":2}', /duplicate member/],
    ['{"a":01}', /invalid number/],
    ['{"a":"\u0001"}', /control character/],
    ['{"a":"\\u0000"}', /invalid escape/],
    ['{"a":"\\ud800x"}', /invalid escape/],
    ['{} {}', /text after the value/],
    ['{"a":"open', /unterminated string/],
    [`${'['.repeat(200)}`, /nested too deeply/],
  ];
  for (const [text, hint] of cases) {
    await assert.rejects(start(place, text), { code: 'LAUNCH_FAILED', hint }, text);
  }
});

contained('rootfs.json is as strict', async () => {
  using folder = tempFolder();
  const place = site(folder.path);
  const cases: readonly [unknown, string, string][] = [
    [{ lowers: [], extra: 1 }, 'SPEC_UNSUPPORTED', '/extra'],
    [{ lowers: [{ kind: 'zfs' }] }, 'SPEC_UNSUPPORTED', '/lowers/0/kind'],
    [{ lowers: [{ kind: 'folder', path: 'here' }] }, 'LAUNCH_FAILED', '/lowers/0/path'],
    [{ lowers: [{ kind: 'erofs', image: '/x' }] }, 'LAUNCH_FAILED', '/lowers/0'],
    [{ lowers: [] }, 'LAUNCH_FAILED', '/'],
  ];
  for (const [rootfs, code, path] of cases) {
    const error: unknown = await start(place, SPEC, rootfs).catch((reason: unknown) => reason);
    assert.deepEqual(
      [Reflect.get(Object(error), 'code'), Reflect.get(Object(error), 'detail').path],
      [code, path],
    );
  }
});

contained('a bundle that is none is refused with the file that is wrong', async () => {
  using folder = tempFolder();
  const place = site(folder.path);
  const config = join(place.bundle, 'config.json');
  const root = join(place.bundle, 'rootfs');
  const valid = JSON.stringify(SPEC);
  const cases: readonly (readonly [string, () => void, RegExp])[] = [
    ['no config.json', () => {}, /spec: open config\.json: No such file.*a folder with/],
    ['a folder in its place', () => mkdirSync(config), /spec: read config\.json: .*regular file/],
    [
      'a pipe in its place, which nobody writes to',
      () => assert.equal(spawnSync('mkfifo', [config]).status, 0),
      /spec: read config\.json: .*regular file/,
    ],
    [
      'too long',
      () => writeFileSync(config, ' '.repeat(8 * 1024 * 1024 + 1)),
      /spec: read config\.json: .*at most 8 MiB/,
    ],
    ['no root', () => writeFileSync(config, valid), /rootfs: open rootfs: No such file.*a folder/],
    [
      'a file for a root',
      () => {
        writeFileSync(config, valid);
        writeFileSync(root, '');
      },
      /rootfs: open rootfs: Not a directory; root\.path must be a folder/,
    ],
  ];
  for (const [name, prepare, expected] of cases) {
    for (const path of [config, root]) rmSync(path, { recursive: true, force: true });
    prepare();
    const ran = spawnSync(HELPER_PROGRAM, ['run', '--bundle', place.bundle, CONTAINER_ID], {
      encoding: 'utf8',
      timeout: 20_000,
      killSignal: 'SIGKILL',
    });
    assert.match(ran.stderr, expected, name);
    assert.equal(ran.status, 125, name);
  }
});

contained('control groups that cannot be written: which, why, and what to do', async () => {
  using folder = tempFolder();
  const place = site(folder.path);
  mkdirSync(join(place.bundle, 'rootfs'));
  const limited = { ...SPEC, linux: { ...SPEC.linux, resources: { pids: { limit: 10 } } } };
  writeFileSync(join(place.bundle, 'config.json'), JSON.stringify(limited));
  const each = 'for m in /sys/fs/cgroup /sys/fs/cgroup/*; do mountpoint -q $m || continue;';
  for (const [change, expected] of [
    ['mount -o remount,bind,ro $m', /cgroup: .*Read-only file system; .*run as root|delegated/],
    ['umount -R $m', /cgroup: find .*Operation not supported; .*"pids"; mount it, or run without/],
  ] as const) {
    const script = `${each} ${change}; done; exec "$@"`;
    const command = [HELPER_PROGRAM, 'run', '--bundle', place.bundle, CONTAINER_ID];
    const ran = spawnSync('unshare', ['--mount', 'sh', '-c', script, 'sh', ...command], {
      encoding: 'utf8',
    });
    assert.match(ran.stderr, expected);
    assert.equal(ran.status, 125);
  }
});
