/**
 * Other people's builders for build cases. What they built is saved, loaded by our command into a
 * store beside, and listed from there: so only what is in the image is compared.
 */
import { spawn } from 'node:child_process';
import { createReadStream, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
  /** Given the tar of a root, beside which there is a Dockerfile that adds it. */
  readonly import: (file: string, name: string) => readonly string[];
  readonly save: (name: string, file: string) => readonly string[];
  readonly reset?: readonly string[];
  /** Says of an image what `docker inspect` does, for those without layers, which it cannot save. */
  readonly inspect?: (name: string) => readonly string[];
}

/** `command`: how docker is called, `docker` or what leads to it. */
export function docker(
  command: readonly string[],
  {
    environment = {},
    options = [],
  }: {
    readonly environment?: Readonly<Record<string, string>>;
    readonly options?: readonly string[];
  } = {},
): Builder {
  return peerBuilder({
    command,
    environment,
    build: ['build', '--progress=plain', ...options],
    import: (file, name) => ['import', file, name],
    save: (name, file) => ['save', '-o', file, name],
    reset: ['builder', 'prune', '-af'],
    inspect: (name) => ['image', 'inspect', name],
  });
}

/** `command`: with the options of its store; `options`: of a build. */
export function buildah(
  program: 'buildah' | 'podman',
  {
    command,
    options,
  }: { readonly command: readonly string[]; readonly options: readonly string[] },
): Builder {
  // OCI's own config has no place for HEALTHCHECK.
  const build = ['build', '--layers', '--format', 'docker', ...options];
  return peerBuilder({
    command,
    build,
    import: (file, name) => [...build, '-t', name, dirname(file)],
    save: (name, file) =>
      program === 'podman'
        ? ['save', '--format', 'docker-archive', '-o', file, name]
        : ['push', '--format', 'v2s2', name, `docker-archive:${file}:${name}`],
  });
}

function peerBuilder(peer: Peer): Builder {
  const tool = async (words: readonly string[], options: Run): Promise<string> => {
    const { failed, log } = await run(peer, words, options);
    if (failed) throw new Error(`${words.join(' ')}: ${log}`);
    return log;
  };
  const layerless = async (place: string): Promise<DockerImage | undefined> => {
    if (!peer.inspect) return undefined;
    const [image]: DockerImage[] = JSON.parse(await tool(peer.inspect('case'), { place }));
    return image?.RootFS.Layers?.length ? undefined : image;
  };
  return {
    async reset() {
      if (peer.reset) await tool(peer.reset, { place: '/' });
    },
    async import(place, name, tar) {
      const folder = join(place, 'import');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'root.tar'), tar);
      writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nADD root.tar /\n');
      await tool(peer.import(join(folder, 'root.tar'), name), { place });
    },
    build: (step: CaseStep, place, name = 'case') =>
      run(peer, [...peer.build, '-t', name, ...argumentsOf(step, place)], {
        place,
        stdin: step.stdin,
      }),
    async export(place, tar) {
      if (await layerless(place)) return writeFileSync(tar, Buffer.alloc(1024));
      const file = join(place, 'saved.tar');
      await tool(peer.save('case', file), { place });
      const loaded = await ours(['load', '-i', file], place);
      await ours(['export', '-o', tar, nameIn(loaded)], place);
    },
    async history(place) {
      if (await layerless(place)) return undefined;
      const format = ['--no-trunc', '--format', '{{.CreatedBy}}'];
      const text = await ours(['history', ...format, await only(place)], place);
      return text.trimEnd().split('\n').reverse();
    },
    async config(place) {
      const { Config, Author } =
        (await layerless(place)) ??
        (JSON.parse(await ours(['inspect', await only(place)], place)) as [DockerImage])[0];
      return { ...Config, ...(Author ? { Author } : {}) };
    },
  };
}

interface DockerImage {
  readonly Author?: string;
  readonly Config: Readonly<Record<string, unknown>>;
  readonly RootFS: { readonly Layers?: readonly string[] };
}

/** `Loaded image: name`, `Loaded image ID: …`. */
function nameIn(loaded: string): string {
  const [, name] = /^Loaded image(?: ID)?: (.*)$/m.exec(loaded) ?? [];
  if (name === undefined) throw new Error(`nothing was loaded: ${loaded}`);
  return name;
}

/** One image, which may have several names. */
async function only(place: string): Promise<string> {
  const [id = ''] = (await ours(['images', '-q', '--no-trunc'], place)).split('\n');
  return id;
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
