/**
 * A kernel, or a filter around us, that lacks a system call: the start fails with the stage, the call
 * and what to do, and nothing is left. slipway-escape answers ENOSYS in the place of the kernel.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeBundle } from '#runtime/bundle.ts';
import { containerSpec } from '#runtime/spec.ts';
import { CONTAINER_ID, site } from '#test/helpers/containers.ts';
import { ESCAPE_PROGRAM, escaping } from '#test/helpers/escapes.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

/** call → the stage that cannot do without. */
const NEEDED: Readonly<Record<string, string>> = {
  clone3: 'clone',
  close_range: 'process',
  fsopen: 'rootfs',
  fsconfig: 'rootfs',
  fsmount: 'rootfs',
  openat2: 'mount',
  open_tree: 'devices',
  move_mount: 'rootfs',
  mount_setattr: 'devices',
  mount: 'mount',
  pivot_root: 'rootfs',
  umount2: 'rootfs',
  seccomp: 'seccomp',
  sethostname: 'hostname',
  setgroups: 'user',
  setresuid: 'user',
  capset: 'capabilities',
  mknodat: 'devices',
};

/** Calls that only make things better, or have another way. */
const NOT_NEEDED = ['memfd_create', 'pidfd_send_signal'];

async function runWithout(call: string): Promise<{ status: number | null; text: string }> {
  using folder = tempFolder();
  const place = site(folder.path);
  const spec = containerSpec({
    args: ['/init', 'echo', 'ran'],
    env: [],
    cwd: '/',
    user: { uid: 1000, gid: 1000 },
    hostname: 'boat',
    network: 'host',
  });
  writeBundle(place.bundle, spec, place.rootfs);
  const command = [HELPER_PROGRAM, 'run', '--bundle', place.bundle, CONTAINER_ID];
  const ran = spawnSync(ESCAPE_PROGRAM, ['without', call, '--', ...command], { encoding: 'utf8' });
  return { status: ran.status, text: ran.stdout + ran.stderr };
}

for (const [call, stage] of Object.entries(NEEDED)) {
  escaping(`without ${call}: stage ${stage}, the call, and what to do`, async () => {
    const { status, text } = await runWithout(call);
    assert.equal(status, 125, text);
    const said = `^slipway-native: ${stage}: ${call}\\b.*: Function not implemented; .*Linux 5\\.12`;
    assert.match(text, new RegExp(said));
    assert.equal(text.trim().split('\n').length, 1, text);
  });
}

for (const call of NOT_NEEDED) {
  escaping(`without ${call} containers run all the same`, async () => {
    assert.deepEqual(await runWithout(call), { status: 0, text: 'ran\n' });
  });
}
