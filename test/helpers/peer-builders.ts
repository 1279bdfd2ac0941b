/**
 * Other people's builders for build cases. What they built is saved, loaded by our command into a
 * store beside, and listed from there: so only what is in the image is compared.
 */
import { spawn } from 'node:child_process';
import { createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEngine } from '#engine.ts';
import { argumentsOf, type CaseStep } from './build-case.ts';
import { HELPER } from './engine.ts';
import type { Builder } from './run-build-case.ts';
import { runCommand } from './run-command.ts';

interface Run {
  readonly place: string;
  readonly stdin?: string | undefined;
}

type Outcome = { readonly failed: boolean; readonly log: string };

/** One program that builds, as the words that each task takes. */
interface Peer {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly build: readonly string[];
  readonly import: (file: string, name: string) => readonly string[];
  readonly save: (name: string, file: string) => readonly string[];
  readonly reset?: readonly string[];
}

/** `command`: how docker is called, `docker` or what leads to it. */
export function docker(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Builder {
  return peerBuilder({
    command,
    environment,
    build: ['build', '--progress=plain'],
    import: (file, name) => ['import', file, name],
    save: (name, file) => ['save', '-o', file, name],
    reset: ['builder', 'prune', '-af'],
  });
}

/** `command`: podman, with the options of its store. */
export function podman(command: readonly string[], options: readonly string[] = []): Builder {
  return peerBuilder({
    command,
    build: ['build', ...options],
    import: (file, name) => ['import', file, name],
    save: (name, file) => ['save', '--format', 'oci-archive', '-o', file, name],
  });
}

/** `command`: buildah, with the options of its store. */
export function buildah(command: readonly string[], options: readonly string[] = []): Builder {
  return peerBuilder({
    command,
    build: ['build', '--layers', ...options],
    import: (file, name) => ['bud', '-t', name, '-f', `${file}.Dockerfile`, `${file}.context`],
    save: (name, file) => ['push', name, `oci-archive:${file}`],
  });
}

function peerBuilder(peer: Peer): Builder {
  const tool = async (words: readonly string[], options: Run): Promise<string> => {
    const { failed, log } = await run(peer, words, options);
    if (failed) throw new Error(`${words.join(' ')}: ${log}`);
    return log;
  };
  return {
    async reset() {
      if (peer.reset) await tool(peer.reset, { place: '/' });
    },
    async import(place, name, tar) {
      const file = join(place, 'root.tar');
      writeFileSync(file, tar);
      await tool(peer.import(file, name), { place });
    },
    build: (step: CaseStep, place, name = 'case') =>
      run(peer, [...peer.build, '-t', name, ...argumentsOf(step, place)], {
        place,
        stdin: step.stdin,
      }),
    async export(place, tar) {
      const file = join(place, 'saved.tar');
      await tool(peer.save('case', file), { place });
      const loaded = await ours(['load', '-i', file], place);
      await ours(['export', '-o', tar, nameIn(loaded)], place);
    },
    async history(place) {
      const format = ['--no-trunc', '--format', '{{.CreatedBy}}'];
      const text = await ours(['history', ...format, await only(place)], place);
      return text.trimEnd().split('\n').reverse();
    },
    async config(place) {
      const [{ Config, Author }] = JSON.parse(await ours(['inspect', await only(place)], place));
      return { ...Config, ...(Author ? { Author } : {}) };
    },
  };
}

/** `Loaded image: name`, `Loaded image ID: …`. */
function nameIn(loaded: string): string {
  const [, name] = /^Loaded image(?: ID)?: (.*)$/m.exec(loaded) ?? [];
  if (name === undefined) throw new Error(`nothing was loaded: ${loaded}`);
  return name;
}

async function only(place: string): Promise<string> {
  return (await ours(['images', '-q', '--no-trunc'], place)).trimEnd();
}

async function ours(argv: readonly string[], place: string): Promise<string> {
  const root = join(place, 'peer-store');
  const engine = await openEngine({
    root,
    helper: HELPER,
    snapshotter: 'auto',
    parallelTransfers: 3,
  });
  const { exitCode, stdout, stderr } = await runCommand(argv, { engine });
  if (exitCode !== 0) throw new Error(stderr);
  return stdout;
}

async function run(
  { command, environment }: Peer,
  words: readonly string[],
  { place, stdin }: Run,
): Promise<Outcome> {
  const [program = '', ...first] = command;
  const child = spawn(program, [...first, ...words], {
    cwd: place,
    env: { PATH: process.env.PATH, HOME: place, ...environment },
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => void chunks.push(chunk));
  }
  if (stdin !== undefined && child.stdin) {
    child.stdin.on('error', () => {});
    createReadStream(join(place, stdin)).pipe(child.stdin);
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { failed: code !== 0, log: Buffer.concat(chunks).toString() };
}
