/**
 * Roots whose image and tars are loop devices: they read what the files hold, and no device outlives
 * the mount, whatever way it ends.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RootfsLower } from '#core/runtime-spec.ts';
import { Launcher } from '#runtime/launcher.ts';
import { parseProbe, probe } from '#runtime/probe.ts';
import { loopsOf, mountsOf } from '#store/store-mounts.ts';
import { canContain, contained, INIT_PROGRAM, runAt, site } from '#test/helpers/containers.ts';
import { directory, file, layerIn, tarOf } from '#test/helpers/entries.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { helpersOf } from '#test/helpers/processes.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

/** The files of a folder that loop devices stand on now. */
function attached(folder: TempFolder): readonly string[] {
  return readdirSync('/sys/block').flatMap((name) => {
    try {
      const path = readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8').trim();
      return path.startsWith(folder.path) ? [path] : [];
    } catch {
      return []; // no loop device, or free, or gone while we looked
    }
  });
}

/** The kernel lets go of a device a moment after its last user. */
async function untilDetached(folder: TempFolder): Promise<readonly string[]> {
  for (let attempt = 0; attempt < 6000 && attached(folder).length > 0; attempt++) await sleep(20);
  return attached(folder);
}

async function loopLower(folder: TempFolder): Promise<RootfsLower & { readonly kind: 'erofs' }> {
  const tar = await tarOf([
    file('init', readFileSync(INIT_PROGRAM), { mode: 0o755 }),
    ...['dev', 'sys', 'proc', 'etc'].map((name) => directory(name)),
    file('etc/note', 'read through a loop device'),
  ]);
  const layer = await layerIn(folder.path, tar);
  return { kind: 'erofs', image: layer.index, devices: [layer.tar], backing: 'loop' };
}

async function obstacle(folder: TempFolder): Promise<string | undefined> {
  const { erofsLoop } = await probe({ helper: HELPER_PROGRAM, store: folder.path });
  return erofsLoop.works ? undefined : `needs loop devices: ${erofsLoop.error?.call}`;
}

function looped(name: string, body: (folder: TempFolder) => Promise<void>): void {
  contained(name, async (t) => {
    if (!canContain(t)) return;
    using folder = tempFolder();
    const unfit = await obstacle(folder);
    if (unfit === undefined) await body(folder);
    else t.skip(unfit);
  });
}

looped('image and tar are devices while a container runs, and none afterwards', async (folder) => {
  const lower = await loopLower(folder);
  {
    await using launcher = new Launcher({ helper: HELPER_PROGRAM });
    const place = site(folder.path, [lower]);
    const { stdout } = await runAt(launcher, place, { args: ['/init', 'cat', '/etc/note'] });
    assert.equal(stdout, 'read through a loop device');
    assert.deepEqual([...attached(folder)].sort(), [...lower.devices, lower.image].sort());
  }
  assert.deepEqual(await untilDetached(folder), []);
});

looped('kill -9 of the helper leaves no device', async (folder) => {
  const lower = await loopLower(folder);
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const ready = Promise.withResolvers<void>();
  const ran = runAt(launcher, site(folder.path, [lower]), {
    args: ['/init', 'orphan', '1000', 'loop'],
    onOutput: () => ready.resolve(),
  });
  await ready.promise;
  assert.equal(attached(folder).length, 2);
  for (const pid of helpersOf(process.pid)) process.kill(pid, 'SIGKILL');
  await assert.rejects(ran, { code: 'HELPER_FAILED' });
  assert.deepEqual(await untilDetached(folder), []);
});

looped('who asks what holds image and tar is told of mount and devices', async (folder) => {
  const lower = await loopLower(folder);
  const [tar = ''] = lower.devices;
  {
    await using launcher = new Launcher({ helper: HELPER_PROGRAM });
    await runAt(launcher, site(folder.path, [lower]), { args: ['/init', 'cat', '/etc/note'] });
    assert.equal(mountsOf(lower.image).length, 1);
    assert.match(loopsOf(lower.image)[0]?.device ?? '', /^\/dev\/loop\d+$/);
    assert.match(loopsOf(tar)[0]?.device ?? '', /^\/dev\/loop\d+$/);
  }
  await untilDetached(folder);
  assert.deepEqual([mountsOf(lower.image), loopsOf(lower.image), loopsOf(tar)], [[], [], []]);
});

looped('a /dev without nodes of loop devices, as in containers, is enough', async (folder) => {
  mkdirSync(folder.at('store'));
  const script = 'mount -t tmpfs none /dev && mknod /dev/null c 1 3 && exec "$0" probe "$1"';
  const bare = ['--mount', 'sh', '-c', script, HELPER_PROGRAM, folder.at('store')];
  const { stdout, stderr, status } = spawnSync('unshare', bare, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.deepEqual(parseProbe(stdout).erofsLoop, { works: true });
  assert.deepEqual(await untilDetached(folder), []);
});

looped(
  'a file that is not whole sectors is refused by name: its end could not be read',
  async (folder) => {
    const lower = await loopLower(folder);
    const [tar = ''] = lower.devices;
    truncateSync(tar, readFileSync(tar).length - 1);
    await using launcher = new Launcher({ helper: HELPER_PROGRAM });
    await assert.rejects(runAt(launcher, site(folder.path, [lower]), {}), (error: Error) => {
      assert.match(error.message, /attach to a loop device/);
      assert.ok(error.message.includes(tar));
      return true;
    });
    assert.deepEqual(await untilDetached(folder), []);
  },
);
