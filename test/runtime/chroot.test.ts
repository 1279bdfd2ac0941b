/** Containers without namespaces: the same answers as the launcher's, and no process left. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import type { RootfsSpec } from '#core/runtime-spec.ts';
import { ChrootRuntime } from '#runtime/chroot.ts';
import {
  contained,
  initFolder,
  type Ran,
  runAt,
  type Site,
  site,
  type Wanted,
} from '#test/helpers/containers.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

/** A root that is one folder. */
function folderSite(path: string): Site {
  const { bundle, upper, rootfs } = site(path, []);
  initFolder(upper);
  return { bundle, upper, rootfs };
}

async function run(
  init: readonly string[],
  wanted: Wanted = {},
  rootfs?: RootfsSpec,
): Promise<Ran> {
  using folder = tempFolder();
  await using runtime = new ChrootRuntime({ helper: HELPER_PROGRAM });
  const place = folderSite(folder.path);
  const here = rootfs ? { ...place, rootfs } : place;
  return await runAt(runtime, here, { args: ['/init', ...init], ...wanted });
}

contained("exit codes and output are the program's", async () => {
  assert.equal((await run(['true'])).exitCode, 0);
  assert.equal((await run(['exit', '3'])).exitCode, 3);
  const echoed = await run(['echo', 'hello']);
  assert.equal(echoed.stdout, 'hello\n');
});

contained('a program that is not there is told as by the launcher', async () => {
  await assert.rejects(run([], { args: ['/nowhere'] }), { code: 'COMMAND_NOT_FOUND' });
});

contained('it has no new privileges, the filter, and no capability that leads out', async () => {
  const { stdout } = await run(['cat', '/proc/self/status']);
  assert.match(stdout, /^NoNewPrivs:\t1$/m);
  assert.match(stdout, /^Seccomp:\t2$/m);
  const effective = BigInt(`0x${/^CapEff:\t([0-9a-f]+)$/m.exec(stdout)?.[1]}`);
  const [SYS_CHROOT, SYS_PTRACE, SYS_ADMIN, MKNOD] = [18n, 19n, 21n, 27n];
  for (const bit of [SYS_CHROOT, SYS_PTRACE, SYS_ADMIN, MKNOD]) {
    assert.equal((effective >> bit) & 1n, 0n, `capability ${bit}`);
  }
});

contained('a root of several layers is refused', async () => {
  using folder = tempFolder();
  const { rootfs } = site(folder.at('other'));
  await assert.rejects(run(['true'], {}, rootfs), {
    code: 'LAUNCH_FAILED',
    message: /a chroot|rootfs/,
  });
});

contained('aborting ends the program', async () => {
  const stop = new AbortController();
  const seconds = String(300_000 + process.pid);
  const running = run(['sleep', seconds], { signal: stop.signal, onOutput: () => stop.abort() });
  await assert.rejects(running, { code: 'CANCELLED' });
  const left = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && lineOf(name).includes(seconds),
  );
  assert.deepEqual(left, []);
});

function lineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}
