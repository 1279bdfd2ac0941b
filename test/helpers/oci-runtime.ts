/**
 * The native helper as an OCI runtime: a state folder and bundles over slipway-init of a test's own. What
 * still lives when the test ends is deleted by force.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RuntimeSpec } from '#core/runtime-spec.ts';
import { containerSpec } from '#runtime/spec.ts';
import { initFolder } from './containers.ts';
import { HELPER_PROGRAM } from './native-helper.ts';
import { tempFolder } from './temp-folder.ts';

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface OciState {
  readonly id: string;
  readonly status: string;
  readonly pid?: number;
  readonly bundle: string;
  readonly annotations?: Record<string, string>;
}

export interface OciSite extends Disposable {
  readonly path: string;
  readonly root: string;
  /** A new bundle; `edit` may change or add anything. */
  bundle(args: readonly string[], edit?: (spec: OciSpec) => object): string;
  /** One command, and what was written until it ended. */
  oci(...args: string[]): Ended;
  /** The same; fails the test unless it succeeds. */
  ok(...args: string[]): string;
  state(id: string): OciState;
  /** Waits until the container has the status; fails after a while. */
  until(id: string, status: string): Promise<void>;
}

/** Our own spec, open for every field of the specification. */
export type OciSpec = RuntimeSpec & Record<string, unknown>;

export function ociSite(program = HELPER_PROGRAM): OciSite {
  const folder = tempFolder();
  const root = folder.at('state');
  let bundles = 0;
  // Files, not pipes: a container that is left alone keeps what it was given open.
  const oci = (...args: string[]): Ended => {
    const paths = [folder.at('stdout'), folder.at('stderr')] as const;
    const [stdout, stderr] = [openSync(paths[0], 'w'), openSync(paths[1], 'w')];
    const { status, signal, error } = spawnSync(program, ['--root', root, ...args], {
      timeout: 20_000,
      stdio: ['ignore', stdout, stderr],
      // A sanitized helper: a command that ends at once leaves freeing to its end.
      env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' },
    });
    for (const fd of [stdout, stderr]) closeSync(fd);
    if (error) throw error;
    if (signal) throw new Error(`${args.join(' ')}: ${signal}`);
    return {
      status,
      stdout: readFileSync(paths[0], 'utf8'),
      stderr: readFileSync(paths[1], 'utf8'),
    };
  };
  const state = (id: string): OciState => JSON.parse(must(oci('state', id)));
  return {
    path: folder.path,
    root,
    bundle: (args, edit = (spec) => spec) => {
      const path = folder.at(`bundle-${bundles++}`);
      mkdirSync(path);
      initFolder(join(path, 'rootfs'));
      writeFileSync(join(path, 'config.json'), JSON.stringify(edit(specOf(args))));
      return path;
    },
    oci,
    ok: (...args) => must(oci(...args)),
    state,
    until: async (id, status) => {
      for (let attempt = 0; state(id).status !== status; attempt++) {
        if (attempt === 6000) throw new Error(`${id} is ${state(id).status}, not ${status}`);
        await sleep(20);
      }
    },
    [Symbol.dispose]: () => {
      for (const id of oci('list', '-q').stdout.split('\n')) {
        if (id !== '') oci('delete', '--force', id);
      }
      folder[Symbol.dispose]();
    },
  };
}

function specOf(args: readonly string[]): OciSpec {
  const { root, ...spec } = containerSpec({
    args: ['/init', ...args],
    env: ['PATH=/'],
    cwd: '/',
    user: { uid: 0, gid: 0 },
    hostname: 'boat',
    network: 'none',
  });
  return { ...spec, root };
}

function must(ran: Ended): string {
  if (ran.status === 0) return ran.stdout;
  throw new Error(`exit ${ran.status}: ${ran.stderr}`);
}

/** The text of a file that a container writes, without its last line end; empty before it does. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch {
    return '';
  }
}
