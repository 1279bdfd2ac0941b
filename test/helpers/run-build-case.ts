/** Runs a build case with our command, or with docker's; says what came out. */
import { spawn } from 'node:child_process';
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEngine } from '#engine.ts';
import {
  argumentsOf,
  type BuildCase,
  type CaseStep,
  changeCase,
  listTar,
  writeCase,
} from '#test/helpers/build-case.ts';
import { HELPER } from '#test/helpers/engine.ts';
import { type CommandOutcome, runCommand } from '#test/helpers/run-command.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

export interface StepOutcome {
  readonly failed: boolean;
  readonly log: string;
  readonly steps: { readonly cached: number; readonly run: number };
}

export interface CaseOutcome {
  readonly outcomes: readonly StepOutcome[];
  /** What the image of the last build holds; undefined where that failed. */
  readonly files: string | undefined;
  /** `created_by` of its history; undefined where that is not known. */
  readonly history: readonly string[] | undefined;
}

/** Builds a case's context, and then what it asks for after that. */
export interface Builder {
  /** Forgets what earlier cases left. */
  reset?(): Promise<void>;
  /** Gives the log. */
  build(step: CaseStep, place: string): Promise<{ readonly failed: boolean; readonly log: string }>;
  /** Writes the image's root to a tar. */
  export(place: string, tar: string): Promise<void>;
  history(place: string): Promise<readonly string[] | undefined>;
}

export async function runCase(
  one: BuildCase,
  builder: Builder,
  under?: string,
): Promise<CaseOutcome> {
  using folder = tempFolder(under);
  await builder.reset?.();
  await writeCase(one, folder.path);
  const outcomes: StepOutcome[] = [];
  for (const step of [one, ...(one.again ?? [])]) {
    await changeCase(step, folder.path);
    const { failed, log } = await builder.build(step, folder.path);
    outcomes.push({ failed, log, steps: countSteps(log) });
  }
  if (outcomes.at(-1)?.failed) return { outcomes, files: undefined, history: undefined };
  const tar = folder.at('image.tar');
  await builder.export(folder.path, tar);
  const files = await listTar(tar, { times: one.times ?? false });
  return { outcomes, files, history: await builder.history(folder.path) };
}

/** Of steps that make a layer, in the plain log. */
function countSteps(log: string): { cached: number; run: number } {
  const steps = new Map<string, string>();
  for (const [, id = '', name = ''] of log.matchAll(/^#(\d+) (\[.*)$/gm)) steps.set(id, name);
  const counts = { cached: 0, run: 0 };
  for (const [, id = '', end = ''] of log.matchAll(/^#(\d+) (CACHED|DONE)/gm)) {
    if (!/^\[[^\]]*\d+\/\d+\] (COPY|ADD|RUN|WORKDIR)/.test(steps.get(id) ?? '')) continue;
    counts[end === 'CACHED' ? 'cached' : 'run'] += 1;
  }
  return counts;
}

/** Our command, on a store of the case's own, in this process: a process a build would take a minute. */
export const ours: Builder = {
  async build(step, place) {
    const argv = ['build', '--progress=plain', '-t', 'case', ...argumentsOf(step, place)];
    const input = step.stdin === undefined ? '' : readFileSync(join(place, step.stdin));
    const { exitCode, stderr } = await command(argv, { place, input });
    return { failed: exitCode !== 0, log: stderr };
  },
  async export(place, tar) {
    const { exitCode, stderr } = await command(['export', '-o', tar, 'case'], { place });
    if (exitCode !== 0) throw new Error(stderr);
  },
  async history(place) {
    const argv = ['history', '--no-trunc', '--format', '{{.CreatedBy}}', 'case'];
    const { stdout } = await command(argv, { place });
    return stdout.trimEnd().split('\n').reverse();
  },
};

async function command(
  argv: readonly string[],
  { place, input }: { readonly place: string; readonly input?: string | Buffer },
): Promise<CommandOutcome> {
  const engine = await openEngine({
    root: join(place, 'store'),
    helper: HELPER,
    snapshotter: 'auto',
    parallelTransfers: 3,
  });
  return await runCommand(argv, { engine, environment: { HOME: place }, input: input ?? '' });
}

/** `command`: how docker is called, `docker` or what leads to it. */
export function docker(command: readonly string[]): Builder {
  return {
    async reset() {
      await run([...command, 'builder', 'prune', '-af'], { place: '/' });
    },
    async build(step, place) {
      const output = `type=tar,dest=${join(place, 'image.tar')}`;
      const argv = ['build', '--progress=plain', '-o', output, ...argumentsOf(step, place)];
      const { code, output: log } = await run([...command, ...argv], { place, stdin: step.stdin });
      return { failed: code !== 0, log };
    },
    export: async () => {},
    history: async () => undefined,
  };
}

async function run(
  [program = '', ...argv]: readonly string[],
  { place, stdin }: { readonly place: string; readonly stdin?: string | undefined },
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(program, argv, {
    cwd: place,
    env: { PATH: process.env.PATH, HOME: place, SLIPWAY_ROOT: join(place, 'store') },
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
  return { code, output: Buffer.concat(chunks).toString() };
}
