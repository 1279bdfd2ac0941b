/** Findings about kernel, store and programs, read from this machine. */
import { accessSync, constants, readFileSync, statfsSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import type { Finding } from '#core/doctor.ts';
import { readBinfmt } from '#runtime/binfmt.ts';

/** Below this a build of any size fails. */
const FREE_BYTES_MIN = 200 * 1024 * 1024;
const FREE_BYTES_GOOD = 2 * 1024 * 1024 * 1024;

/** statfs numbers that people meet. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  16914836: 'tmpfs',
  2035054128: 'overlay',
  26985: 'nfs',
  1702057286: 'fuse',
  801189825: 'zfs',
  4076150800: 'f2fs',
};

export function machineFindings(root: string, searchPath: string): readonly Finding[] {
  return [kernel(), store(root), seccomp(), binfmt(), network(searchPath)];
}

function kernel(): Finding {
  return { name: 'kernel', status: 'ok', text: `Linux ${release()}` };
}

/** The folder exists: it was opened before. */
function store(root: string): Finding {
  const name = 'store';
  const { type, bavail, bsize } = statfsSync(root);
  const free = bavail * bsize;
  const kind = FILE_SYSTEMS[type] ?? `file system 0x${type.toString(16)}`;
  const text = `${root}: ${kind}, ${(free / 2 ** 30).toFixed(1)} GiB free`;
  try {
    accessSync(root, constants.W_OK);
  } catch {
    return { name, status: 'fail', text: `${text}, not writable`, remedy: 'set SLIPWAY_ROOT' };
  }
  if (free >= FREE_BYTES_GOOD) return { name, status: 'ok', text };
  const status = free < FREE_BYTES_MIN ? 'fail' : 'warn';
  return { name, status, text, remedy: 'slipway system prune -a, or set SLIPWAY_ROOT' };
}

function seccomp(): Finding {
  const name = 'seccomp';
  const actions = textOf('/proc/sys/kernel/seccomp/actions_avail');
  if (actions !== undefined) return { name, status: 'ok', text: 'filters can be installed' };
  return {
    name,
    status: 'warn',
    text: 'this kernel has no filters of system calls',
    remedy: 'a kernel with CONFIG_SECCOMP_FILTER',
  };
}

/** Interpreters of foreign programs; `F` in their flags: they work inside other roots. */
function binfmt(): Finding {
  const name = 'foreign platforms';
  const { isEnabled, entries } = readBinfmt();
  const usable = entries.filter(
    (entry) => isEnabled && entry.isEnabled && entry.isFixed && entry.name.startsWith('qemu-'),
  );
  if (usable.length > 0) {
    return { name, status: 'ok', text: usable.map((entry) => entry.name.slice(5)).join(' ') };
  }
  return {
    name,
    status: 'warn',
    text: 'RUN for other platforms than this one does not work',
    remedy: 'as root: apt-get install qemu-user-static binfmt-support',
  };
}

function network(searchPath: string): Finding {
  const name = 'network helpers';
  const found = ['pasta', 'slirp4netns'].filter((program) => isOnPath(program, searchPath));
  if (found.length > 0) return { name, status: 'ok', text: found.join(' ') };
  return {
    name,
    status: 'warn',
    text: 'no pasta, no slirp4netns: --network pasta and slirp4netns do not work',
    remedy: 'as root: apt-get install passt',
  };
}

function isOnPath(program: string, searchPath: string): boolean {
  return searchPath.split(':').some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
