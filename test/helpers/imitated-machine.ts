/**
 * A machine's cgroup hierarchies as folders, and the launcher's cgroup code run on them
 * (native/imitation): what it would write where no such machine is at hand.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { type TempFolder, tempFolder } from './temp-folder.ts';

const PROGRAM = fileURLToPath(new URL('../../native/build/slipway-cgroups', import.meta.url));

export interface Hierarchy {
  /** Below the machine's folder; the mount point. */
  readonly point: string;
  readonly version: 1 | 2;
  readonly controllers: readonly string[];
  /** This process's own group, from the root of the hierarchy. */
  readonly own: string;
  /** What of the hierarchy the mount shows, as in containers. */
  readonly root?: string;
  /** Files of the groups, by folder from the mount point. */
  readonly folders: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface Answer {
  readonly isOk: boolean;
  /** Lines of stdout: paths of groups, or one error. */
  readonly lines: readonly string[];
  /** Every write, `PATH/FILE TEXT`; random names are RANDOM. */
  readonly log: readonly string[];
}

export function call(...args: readonly string[]): Omit<Answer, 'log'> {
  const { status, stdout, stderr } = spawnSync(PROGRAM, args, { encoding: 'utf8' });
  if (status === null || status > 1) throw new Error(`slipway-cgroups: ${status} ${stderr}`);
  return { isOk: status === 0, lines: stdout.split('\n').filter((line) => line !== '') };
}

/** A test that needs the program; skipped aloud without it. */
export function imitated(name: string, body: () => void): void {
  test(name, (t) => {
    if (existsSync(PROGRAM)) body();
    else t.skip('needs native/build/slipway-cgroups: make -C native');
  });
}

export class ImitatedMachine implements Disposable {
  readonly #folder: TempFolder = tempFolder();

  constructor(hierarchies: readonly Hierarchy[]) {
    const { path } = this.#folder;
    this.write('cgroup', hierarchies.map(cgroupLine).join(''));
    this.write('mountinfo', hierarchies.map((one) => mountLine(path, one)).join(''));
    for (const { point, folders } of hierarchies) {
      for (const [folder, files] of Object.entries(folders)) {
        for (const [file, text] of Object.entries(files)) {
          this.write(`${point}/${folder}/${file}`, text);
        }
      }
    }
  }

  at(path: string): string {
    return this.#folder.at(path);
  }

  write(path: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), text);
    chmodSync(this.at(path), mode);
  }

  read(path: string): string {
    return readFileSync(this.at(path), 'utf8');
  }

  /** `create` removes the groups again, `keep` does not, `all` makes them everywhere and keeps them. */
  run(
    command: 'create' | 'keep' | 'all' | 'update',
    resources: object,
    ...more: readonly string[]
  ): Answer {
    this.write('resources.json', JSON.stringify(resources));
    return this.#logged(call(command, this.#folder.path, this.at('resources.json'), ...more));
  }

  /** On a group that is there: a process joins it, it is paused, it goes on. */
  act(command: 'enter' | 'freeze' | 'thaw', group: string): Answer {
    return this.#logged(call(command, this.#folder.path, this.at(group)));
  }

  #logged(answer: Omit<Answer, 'log'>): Answer {
    const text = existsSync(this.at('log')) ? this.read('log') : '';
    this.write('log', '');
    const log = text.split('\n').filter((line) => line !== '');
    return { ...answer, lines: answer.lines.map(anonymous), log: log.map(anonymous) };
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

function anonymous(line: string): string {
  return line.replace(/slipway-[0-9a-f]{16}/g, 'RANDOM');
}

function cgroupLine({ version, controllers, own }: Hierarchy, index: number): string {
  return version === 2 ? `0::${own}\n` : `${index + 1}:${controllers.join(',')}:${own}\n`;
}

function mountLine(
  machine: string,
  { point, version, controllers, root = '/' }: Hierarchy,
): string {
  const type = version === 2 ? 'cgroup2 cgroup2 rw' : `cgroup cgroup rw,${controllers.join(',')}`;
  return `31 30 0:29 ${root} ${machine}/${point} rw,relatime shared:9 - ${type}\n`;
}

/** Files of a version 2 group; those of controllers only where they are handed on. */
export function v2Files(
  files: readonly string[],
  options: { has: string; handsOn?: string; processes?: string; isRoot?: boolean },
): Readonly<Record<string, string>> {
  const { has, handsOn = '', processes = '', isRoot = false } = options;
  return {
    'cgroup.controllers': has,
    'cgroup.subtree_control': handsOn,
    'cgroup.procs': processes,
    ...(isRoot ? {} : { 'cgroup.type': 'domain' }),
    ...Object.fromEntries(files.map((file) => [file, ''])),
  };
}
