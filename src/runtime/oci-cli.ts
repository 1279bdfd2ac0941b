/**
 * Another OCI runtime in the place of our launcher: crun, runc, or whatever has their command line.
 * `slipway-native mounted` mounts the root where only the runtime sees it, and is its guard: the end
 * of that process is the end of everything the runtime started.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import { forwardSignals, KILL_CONTAINER, processStdio, readStatus } from './foreground.ts';
import { ended, helperMissing } from './helper-process.ts';
import { launchError } from './launch-error.ts';
import { cancelled } from './resident-helper.ts';
import type { ContainerResult, RunContainer, Runtime } from './runtime.ts';

export interface OciCliOptions {
  /** Path of the `slipway-native` executable. */
  readonly helper: string;
  /** Path of the runtime. */
  readonly program: string;
}

/** A process for each container. Disposing has nothing to wait for. */
export class OciCli implements Runtime {
  readonly name: string;
  readonly #helper: string;
  readonly #program: string;

  constructor({ helper, program }: OciCliOptions) {
    this.name = program;
    this.#helper = helper;
    this.#program = program;
  }

  async run(container: RunContainer): Promise<ContainerResult> {
    const { id, stdio, signal } = container;
    const bundle = resolve(container.bundle);
    if (signal?.aborted) throw cancelled(signal);
    const isCaptured = stdio.kind === 'capture';
    let child: ChildProcess | undefined;
    using _forwarding = isCaptured ? undefined : forwardSignals((name) => child?.kill(name));
    child = spawn(this.#helper, this.#arguments(bundle, ['run', '--bundle', bundle, id]), {
      stdio: processStdio(stdio),
      detached: !isCaptured,
    });
    if (isCaptured) relay(child, stdio.output);
    const status = readStatus(child);
    const { pid } = child;
    const kill = (): void => {
      if (pid !== undefined && child?.exitCode === null) process.kill(pid, KILL_CONTAINER);
    };
    signal?.addEventListener('abort', kill);
    try {
      const exitCode = await ended(child).catch((cause: unknown) => {
        throw helperMissing(this.#helper, cause);
      });
      if (signal?.aborted) throw cancelled(signal);
      const failure = status().find((line) => line.status === 'error');
      if (failure) throw launchError(failure);
      return { exitCode: this.#outcome(exitCode, bundle) };
    } catch (error) {
      this.#cleanUp(bundle, id);
      throw error;
    } finally {
      signal?.removeEventListener('abort', kill);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** What the runtime remembers and says stays in the bundle, which is the caller's to remove. */
  #arguments(bundle: string, command: readonly string[], root: 'mount' | 'leave' = 'mount') {
    const global = ['--root', join(bundle, 'oci-state'), '--log', logOf(bundle)];
    const mount = root === 'mount' ? ['--bundle', bundle, '--status-fd', '3'] : [];
    return [
      'mounted',
      ...mount,
      '--',
      this.#program,
      ...global,
      '--log-format',
      'json',
      ...command,
    ];
  }

  #outcome(exitCode: number | string, bundle: string): number {
    const complaint = exitCode === 0 ? undefined : lastComplaint(logOf(bundle));
    if (complaint !== undefined) throw runtimeError(complaint, this.#program);
    if (typeof exitCode === 'number') return exitCode;
    throw new SlipwayError('LAUNCH_FAILED', `${this.#program} was ended by ${exitCode}`, {
      hint: 'run the command again',
    });
  }

  /** The cgroups of one that was killed: nothing else outlives the guard. */
  #cleanUp(bundle: string, id: string): void {
    const args = this.#arguments(bundle, ['delete', '--force', id], 'leave');
    spawnSync(this.#helper, args, { stdio: 'ignore' });
  }
}

/**
 * The path of a runtime by its name, as a shell finds it, or by its path. @throws USAGE, in docker's
 * words
 */
export function findRuntime(name: string, searchPath: string): string {
  const candidates = name.includes('/')
    ? [resolve(name)]
    : searchPath
        .split(delimiter)
        .filter((folder) => folder !== '')
        .map((folder) => join(folder, name));
  const found = candidates.find(isProgram);
  if (found !== undefined) return found;
  throw new SlipwayError('USAGE', `unknown or invalid runtime name: ${name}`, {
    hint: 'install it, give its path, or leave --runtime and SLIPWAY_RUNTIME out for the launcher that comes with slipway',
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function relay(
  child: ChildProcess,
  output: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void,
): void {
  const take = (stream: Readable | null, name: 'stdout' | 'stderr'): void => {
    stream?.on('data', (bytes: Uint8Array) => output(name, bytes));
  };
  take(child.stdout, 'stdout');
  take(child.stderr, 'stderr');
}

function logOf(bundle: string): string {
  return join(bundle, 'oci-log');
}

/** The last error in the runtime's log: its own, as the program's output never gets there. */
function lastComplaint(path: string): string | undefined {
  const lines = readLog(path).filter(({ level }) => level === 'error' || level === 'fatal');
  return lines.at(-1)?.message;
}

function readLog(path: string): readonly { readonly level: string; readonly message: string }[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return []; // it had nothing to say
  }
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => {
      const fields = new ObjectReader(parseJson(line, path), path);
      return { level: fields.string('level'), message: fields.string('msg') };
    });
}

/** Runtimes tell only in words what they could not execute: those of runc, and those of crun. */
const NOT_FOUND =
  /exec: "(?<program>[^"]+)": .*(?:not found|no such file)|executable file [`'](?<other>[^`']+)['`] not found/i;
const NOT_EXECUTABLE =
  /exec: "(?<program>[^"]+)": (?<reason>permission denied|is a directory|exec format error)|(?:open|exec) executable: (?<other>.*)/i;

function runtimeError(message: string, program: string): SlipwayError {
  const detail = { runtime: program, message };
  const missing = NOT_FOUND.exec(message)?.groups;
  if (missing) {
    const name = missing.program ?? missing.other ?? '';
    const why = name.includes('/')
      ? `stat ${name}: no such file or directory`
      : 'executable file not found in $PATH';
    return new SlipwayError('COMMAND_NOT_FOUND', `exec: "${name}": ${why}`, { detail });
  }
  const denied = NOT_EXECUTABLE.exec(message)?.groups;
  if (denied) {
    const words = denied.reason
      ? `exec: "${denied.program}": ${denied.reason}`
      : `exec: ${denied.other}`;
    return new SlipwayError('COMMAND_NOT_EXECUTABLE', words, { detail });
  }
  return new SlipwayError('LAUNCH_FAILED', `${program}: ${message}`, {
    hint: "the words are the runtime's; without --runtime, slipway's own launcher is used",
    detail,
  });
}
