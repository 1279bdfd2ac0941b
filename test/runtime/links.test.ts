/**
 * An image whose /proc, /dev, /etc or mount targets are links that lead out of it: a mount goes to
 * the place that the link means inside the root, or the start is refused. Outside nothing is made,
 * and nothing of the host is seen.
 */
import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { MountSpec } from '#core/runtime-spec.ts';
import { Launcher } from '#runtime/launcher.ts';
import { contained, initFolder, runAt, type Site, site } from '#test/helpers/containers.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

/** Far more levels up than there are. */
const UP = '../'.repeat(40);

interface Trap {
  readonly place: Site;
  /** A folder of the host with a file `secret`. */
  readonly outside: string;
  readonly lower: string;
}

/** A root in which `path` is a link to a folder of the host, absolute or by many `..`. */
function trap(folder: TempFolder, path: string, kind: 'absolute' | 'climbing'): Trap {
  const outside = folder.at('outside');
  mkdirSync(outside, { recursive: true });
  writeFileSync(join(outside, 'secret'), 'of the host');
  const lower = initFolder(folder.at('lower'));
  rmSync(join(lower, path), { recursive: true, force: true });
  mkdirSync(dirname(join(lower, path)), { recursive: true });
  symlinkSync(kind === 'absolute' ? outside : `${UP}${outside.slice(1)}`, join(lower, path));
  return { place: site(folder.path, [{ kind: 'folder', path: lower }]), outside, lower };
}

function untouched(outside: string): void {
  assert.deepEqual(readdirSync(outside), ['secret']);
  assert.equal(readFileSync(join(outside, 'secret'), 'utf8'), 'of the host');
}

function volume(folder: TempFolder, destination: string): MountSpec {
  mkdirSync(folder.at('volume'), { recursive: true });
  writeFileSync(folder.at('volume/mark'), '');
  return { destination, type: 'bind', source: folder.at('volume'), options: ['bind'] };
}

const KINDS = ['absolute', 'climbing'] as const;
const PLACES = ['proc', 'dev', 'sys'] as const;

for (const kind of KINDS) {
  for (const name of PLACES) {
    contained(`/${name} is an ${kind} link out of the root: nothing outside`, async () => {
      using folder = tempFolder();
      await using launcher = new Launcher({ helper: HELPER_PROGRAM });
      const { place, outside, lower } = trap(folder, name, kind);
      const wanted = { args: ['/init', 'ls', outside] };
      // The target is not in the image: either made in it, or refused. Never the host's.
      const seen = await runAt(launcher, place, wanted);
      assert.doesNotMatch(seen.stdout, /secret/);
      untouched(outside);
      // It is: the mount goes there.
      mkdirSync(join(lower, outside), { recursive: true });
      const there = site(folder.at('again'), [{ kind: 'folder', path: lower }]);
      const { stdout } = await runAt(launcher, there, wanted);
      assert.match(
        stdout,
        name === 'proc' ? /^cpuinfo$/m : name === 'dev' ? /^null$/m : /^class$/m,
      );
      untouched(outside);
    });
  }

  contained(`a bind target behind an ${kind} link is made inside`, async () => {
    using folder = tempFolder();
    await using launcher = new Launcher({ helper: HELPER_PROGRAM });
    const { place, outside } = trap(folder, 'data', kind);
    for (const destination of ['/data/below', '/data/below/deeper', '/data']) {
      const mounts = [volume(folder, destination)];
      const args = ['/init', 'ls', destination];
      const seen = await runAt(launcher, place, { args, mounts });
      assert.equal(seen.stdout, 'mark\n');
      untouched(outside);
    }
  });

  contained(`/etc as an ${kind} link: its files are not written outside`, async () => {
    using folder = tempFolder();
    await using launcher = new Launcher({ helper: HELPER_PROGRAM });
    const { place, outside } = trap(folder, 'etc', kind);
    writeFileSync(folder.at('hosts'), 'of the container');
    const mounts: MountSpec[] = [
      { destination: '/etc/hosts', type: 'bind', source: folder.at('hosts'), options: ['bind'] },
    ];
    const args = ['/init', 'cat', '/etc/hosts'];
    const seen = await runAt(launcher, place, { args, mounts });
    assert.equal(seen.stdout, 'of the container');
    untouched(outside);
  });

  contained(`a working folder that is an ${kind} link stays inside`, async () => {
    using folder = tempFolder();
    await using launcher = new Launcher({ helper: HELPER_PROGRAM });
    const { place, outside, lower } = trap(folder, 'work', kind);
    const wanted = { cwd: '/work', args: ['/init', 'ls', '.'] };
    // Where the link leads is made inside the root: the host's folder has a file.
    assert.equal((await runAt(launcher, place, wanted)).stdout, '');
    untouched(outside);
    mkdirSync(join(lower, outside, 'inside'), { recursive: true });
    const there = site(folder.at('again'), [{ kind: 'folder', path: lower }]);
    assert.equal((await runAt(launcher, there, wanted)).stdout, 'inside\n');
  });
}

contained('/etc/hosts as a link out of the root: the file it names stays as it was', async () => {
  for (const kind of KINDS) {
    using folder = tempFolder();
    await using launcher = new Launcher({ helper: HELPER_PROGRAM });
    const { place, outside, lower } = trap(folder, 'etc/hosts', kind);
    rmSync(join(lower, 'etc/hosts'));
    symlinkSync(
      `${kind === 'absolute' ? '/' : UP}${outside.slice(1)}/secret`,
      `${lower}/etc/hosts`,
    );
    writeFileSync(folder.at('hosts'), 'of the container');
    const mounts: MountSpec[] = [
      { destination: '/etc/hosts', type: 'bind', source: folder.at('hosts'), options: ['bind'] },
    ];
    const args = ['/init', 'cat', '/etc/hosts'];
    const seen = await runAt(launcher, place, { args, mounts });
    assert.equal(seen.stdout, 'of the container');
    untouched(outside);
  }
});

contained('dangling links: the place that they mean is made inside the root', async () => {
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    // As images of distributions have it.
    [
      '/etc/resolv.conf',
      { 'etc/resolv.conf': '../run/systemd/resolve/stub-resolv.conf' },
      'run/systemd/resolve/stub-resolv.conf',
    ],
    ['/a', { a: '/b//c', b: './d' }, 'd/c'],
    ['/a/file', { a: 'etc/../new' }, 'new/file'],
    ['/a', { a: `${UP}new` }, 'new'],
  ];
  for (const [destination, links, made] of cases) {
    using folder = tempFolder();
    await using launcher = new Launcher({ helper: HELPER_PROGRAM });
    const lower = initFolder(folder.at('lower'));
    for (const [name, target] of Object.entries(links)) symlinkSync(target, join(lower, name));
    writeFileSync(folder.at('file'), 'mounted');
    const mounts = [
      { destination, type: 'bind', source: folder.at('file'), options: ['bind'] } as const,
    ];
    const place = site(folder.path, [{ kind: 'folder', path: lower }]);
    const { stdout } = await runAt(launcher, place, {
      args: ['/init', 'cat', `/${made}`],
      mounts,
    });
    assert.equal(stdout, 'mounted');
    assert.equal(lstatSync(join(place.upper, made)).size, 0);
  }
});

contained('links in a circle are refused', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const lower = initFolder(folder.at('lower'));
  symlinkSync('b', join(lower, 'a'));
  symlinkSync('a', join(lower, 'b'));
  const place = site(folder.path, [{ kind: 'folder', path: lower }]);
  await assert.rejects(runAt(launcher, place, { mounts: [volume(folder, '/a/x')] }), {
    code: 'LAUNCH_FAILED',
    message: /too many (levels of )?symbolic links/i,
  });
});

contained('a mount target behind /proc/self or its descriptors is refused', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const place = site(folder.path);
  for (const destination of ['/proc/self/fd/3', '/proc/1/root/x', '/proc/self/cwd/x']) {
    const mounts = [volume(folder, destination)];
    await assert.rejects(runAt(launcher, place, { mounts }), {
      code: 'LAUNCH_FAILED',
      message: /mount: /,
    });
  }
  assert.equal(existsSync(folder.at('x')), false);
});

contained('a masked or read-only path that is a link hides what it means inside', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const { place, outside, lower } = trap(folder, 'masked', 'climbing');
  mkdirSync(join(lower, outside), { recursive: true });
  writeFileSync(join(lower, outside, 'inside'), '');
  const { stdout } = await runAt(launcher, place, {
    args: ['/init', 'ls', outside],
    edit: (spec) => ({ ...spec, linux: { ...spec.linux, maskedPaths: ['/masked'] } }),
  });
  assert.equal(stdout, '');
  untouched(outside);
});
