/**
 * Containers whose whole root file system is slipway-init (native/init): a folder to run in, and a
 * run whose output is collected. For tests that need root and the built helper.
 */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { RootfsSpec, RuntimeSpec } from '#core/runtime-spec.ts';
import { writeBundle } from '#runtime/bundle.ts';
import { Launcher } from '#runtime/launcher.ts';
import type { Runtime } from '#runtime/runtime.ts';
import { type ContainerSpecOptions, containerSpec } from '#runtime/spec.ts';
import { HELPER_PROGRAM } from './native-helper.ts';
import { tempFolder } from './temp-folder.ts';

/** Of `run`, which lets nobody else have it: tests run side by side. */
export const CONTAINER_ID = `test-${process.pid}`;

export const INIT_PROGRAM = fileURLToPath(
  new URL('../../native/build/slipway-init', import.meta.url),
);

/** False after skipping the test aloud. */
export function canContain(t: TestContext): boolean {
  if (process.getuid?.() !== 0) {
    t.skip('needs root: containers are isolated with new namespaces');
    return false;
  }
  if (!existsSync(HELPER_PROGRAM) || !existsSync(INIT_PROGRAM)) {
    t.skip('needs native/build: make -C native');
    return false;
  }
  return true;
}

/** A test that runs containers; skipped aloud where that cannot be. */
export function contained(name: string, body: (t: TestContext) => Promise<void> | void): void {
  test(name, async (t) => {
    if (canContain(t)) await body(t);
  });
}

/** What every root needs, so that an upper holds only what the program did. */
const MOUNT_POINTS = ['proc', 'sys', 'dev', 'etc'];

/** A folder with /init and the mount points. */
export function initFolder(path: string): string {
  for (const name of MOUNT_POINTS) mkdirSync(join(path, name), { recursive: true });
  copyFileSync(INIT_PROGRAM, join(path, 'init'));
  return path;
}

export interface Site {
  readonly bundle: string;
  readonly upper: string;
  readonly rootfs: RootfsSpec;
}

/** A bundle folder below `path` with a writable root over the lowers (default: slipway-init). */
export function site(path: string, lowers?: RootfsSpec['lowers']): Site {
  const [bundle, upper, work] = ['bundle', 'upper', 'work'].map((name) => {
    mkdirSync(join(path, name), { recursive: true });
    return join(path, name);
  }) as [string, string, string];
  const folder = lowers ?? [{ kind: 'folder', path: initFolder(join(path, 'lower')) }];
  return { bundle, upper, rootfs: { lowers: folder, overlay: { upper, work, userXattr: false } } };
}

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly oomKilled: boolean;
}

export type Wanted = Partial<ContainerSpecOptions> & {
  /** Changes the finished spec. */
  readonly edit?: (spec: RuntimeSpec) => RuntimeSpec;
  readonly signal?: AbortSignal;
  /** Called with every piece of stdout. */
  readonly onOutput?: (text: string) => void;
};

/** Runs one container of a site to its end, output collected. */
export async function runAt(runtime: Runtime, place: Site, wanted: Wanted): Promise<Ran> {
  const { edit = (spec) => spec, signal, onOutput, ...options } = wanted;
  const spec = containerSpec({
    args: ['/init', 'true'],
    env: ['PATH=/bin'],
    cwd: '/',
    user: { uid: 0, gid: 0 },
    hostname: 'boat',
    network: 'host',
    ...options,
  });
  writeBundle(place.bundle, edit(spec), place.rootfs);
  const chunks = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  const { exitCode, oomKilled = false } = await runtime.run({
    id: 'test',
    bundle: place.bundle,
    stdio: {
      kind: 'capture',
      output: (stream, bytes) => {
        chunks[stream].push(bytes);
        if (stream === 'stdout') onOutput?.(Buffer.from(bytes).toString());
      },
    },
    ...(signal ? { signal } : {}),
  });
  const text = (stream: 'stdout' | 'stderr'): string => Buffer.concat(chunks[stream]).toString();
  return { exitCode, oomKilled, stdout: text('stdout'), stderr: text('stderr') };
}

/** One container over slipway-init with a launcher of its own; `init` is its command line. */
export async function runInit(init: readonly string[], wanted: Wanted = {}): Promise<Ran> {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  return await runAt(launcher, site(folder.path), { args: ['/init', ...init], ...wanted });
}
