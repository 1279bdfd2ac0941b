/**
 * Where other people's programs run: on this machine, or behind a command that leads to newer ones
 * (a chroot, a container). Behind a command, TMPDIR must be a folder that both sides see alike.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const WITHIN_MS = 120_000;
const OUTPUT_BYTES_MAX = 2 ** 26;

export interface Host {
  /** To the end; stdout. Throws with what it printed when it ends badly. */
  run(program: string, ...words: readonly string[]): Promise<string>;
  start(program: string, ...words: readonly string[]): ChildProcess;
  /** The whole command line, for who runs it on its own. */
  words(program: string, ...words: readonly string[]): readonly string[];
  /** Why a program cannot be used; undefined when it can. */
  unfit(program: string): Promise<string | undefined>;
}

/** The first word is a command that is given another command. */
export function hostBehind(...command: readonly string[]): Host {
  const argv = (words: readonly string[]): readonly [string, readonly string[]] => {
    const [first = '', ...rest] = [...command, ...words];
    return [first, rest];
  };
  const known = new Map<string, Promise<string | undefined>>();
  const run: Host['run'] = async (...words) => {
    const options = { timeout: WITHIN_MS, maxBuffer: OUTPUT_BYTES_MAX };
    const { stdout } = await execute(...argv(words), options);
    return stdout.trimEnd();
  };
  const unfit = async (program: string): Promise<string | undefined> => {
    if (NEED_ROOT.has(program) && process.getuid?.() !== 0) return `needs root: ${program}`;
    try {
      await run('sh', '-c', 'command -v "$0"', program);
      return undefined;
    } catch {
      return `needs ${program}: not installed here`;
    }
  };
  return {
    run,
    start: (...words) => spawn(...argv(words), { stdio: ['ignore', 'pipe', 'pipe'] }),
    words: (...words) => argv(words).flat(),
    unfit: (program) => {
      const answer = known.get(program) ?? unfit(program);
      known.set(program, answer);
      return answer;
    },
  };
}

/** They mount, or keep layers with their owners. */
const NEED_ROOT = new Set(['dockerd', 'podman', 'buildah']);

/** This machine's programs, or those behind the command that the environment names. */
export function peers(): Host {
  const { SLIPWAY_TEST_PEERS: command } = process.env;
  return command ? hostBehind(command) : hostBehind();
}

/** What the tool made; undefined, having skipped aloud, when it says that it cannot. */
export async function unlessRefused<T>(
  t: TestContext,
  cannot: RegExp | undefined,
  use: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await use();
  } catch (error) {
    const [text] = cannot?.exec(String(error)) ?? [];
    if (text === undefined) throw error;
    t.skip(`the tool cannot: ${text}`);
    return undefined;
  }
}
