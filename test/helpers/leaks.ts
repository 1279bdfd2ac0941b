/**
 * What a command could leave behind on this machine: mounts, processes, temporary folders. Take a
 * look before and after; the difference must be empty.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Traces {
  /** Lines of mountinfo that speak of one of the roots. */
  readonly mounts: readonly string[];
  /** `pid command` of processes of ours that run on one of the roots. */
  readonly processes: readonly string[];
  /** Entries of the temporary folder. */
  readonly temporary: readonly string[];
}

/** Two minutes; only what is left behind for good takes that long. */
const SETTLED_ATTEMPTS = 2400;

/** Where to look. */
export interface Places {
  /** Stores and contexts: a mount or process that names one is ours. */
  readonly roots: readonly string[];
  /** A folder that the commands have as TMPDIR, and nobody else. */
  readonly temporary: string;
}

/** What there is now. */
export function traces({ roots, temporary }: Places): Traces {
  return {
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => roots.some((root) => line.includes(root))),
    processes: readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .flatMap((pid) => describeProcess(pid, roots)),
    temporary: readdirSync(temporary),
  };
}

/** What is in `after` and not in `before`, as lines for people. */
export function leaks(before: Traces, after: Traces): readonly string[] {
  const added = (kind: keyof Traces): string[] =>
    after[kind].filter((line) => !before[kind].includes(line)).map((line) => `${kind}: ${line}`);
  return [...added('mounts'), ...added('processes'), ...added('temporary')];
}

/** The same, given time: a process that was just told to end may still be seen, on a busy machine for long. */
export async function leaksSettled(before: Traces, places: Places): Promise<readonly string[]> {
  for (let attempt = 0; ; attempt++) {
    const found = leaks(before, traces(places));
    if (found.length === 0 || attempt === SETTLED_ATTEMPTS) return found;
    await sleep(50);
  }
}

/** One line for a process that works for one of the roots; nothing for others and for zombies. */
function describeProcess(pid: string, roots: readonly string[]): readonly string[] {
  try {
    const command = readFileSync(join('/proc', pid, 'cmdline'), 'utf8')
      .replaceAll('\0', ' ')
      .trim();
    const texts = [command, linkOf(pid, 'cwd'), linkOf(pid, 'root')];
    if (texts.some((text) => roots.some((root) => text.includes(root))))
      return [`${pid} ${command}`];
    const environment = readFileSync(join('/proc', pid, 'environ'), 'utf8');
    return roots.some((root) => environment.includes(`SLIPWAY_ROOT=${root}`))
      ? [`${pid} ${command}`]
      : [];
  } catch {
    // It ended while we looked, or belongs to somebody else.
    return [];
  }
}

function linkOf(pid: string, name: string): string {
  try {
    return readlinkSync(join('/proc', pid, name));
  } catch {
    return '';
  }
}
