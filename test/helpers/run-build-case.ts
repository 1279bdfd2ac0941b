/** Runs a build case with our command, or with another builder; says what came out. */
import { readFileSync, writeFileSync } from 'node:fs';
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
import { busyboxTar } from '#test/helpers/busybox-image.ts';
import { HELPER } from '#test/helpers/engine.ts';
import { type CommandOutcome, runCommand } from '#test/helpers/run-command.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

export interface StepOutcome {
  readonly failed: boolean;
  readonly log: string;
  readonly steps: { readonly cached: number; readonly run: number };
}

export interface CaseOutcome {
  readonly outcomes: readonly StepOutcome[];
  /** What the image of the last build holds beside what the image busybox has; undefined where it failed. */
  readonly files: string | undefined;
  /** `created_by` of its history; undefined where that is not known. */
  readonly history: readonly string[] | undefined;
  /** The image's config as JSON, keys sorted; undefined where that is not known. */
  readonly config: string | undefined;
}

/** Builds a case's context, and then what it asks for after that. */
export interface Builder {
  /** Forgets what earlier cases left. */
  reset?(): Promise<void>;
  /** Makes an image of the tar of a root. */
  import(place: string, name: string, tar: Buffer): Promise<void>;
  /** Builds under a name, `case` unless said. Gives the log. */
  build(
    step: CaseStep,
    place: string,
    name?: string,
  ): Promise<{ readonly failed: boolean; readonly log: string }>;
  /** Writes the image's root to a tar. */
  export(place: string, tar: string): Promise<void>;
  history(place: string): Promise<readonly string[] | undefined>;
  config(place: string): Promise<object | undefined>;
}

export async function runCase(
  one: BuildCase,
  builder: Builder,
  under?: string,
): Promise<CaseOutcome> {
  using folder = tempFolder(under);
  await builder.reset?.();
  await writeCase(one, folder.path);
  await makeImages(one, folder.path, builder);
  const outcomes: StepOutcome[] = [];
  for (const step of [one, ...(one.again ?? [])]) {
    await changeCase(step, folder.path);
    const { failed, log } = await builder.build(step, folder.path);
    outcomes.push({ failed, log, steps: countSteps(log) });
  }
  if (outcomes.at(-1)?.failed) {
    return { outcomes, files: undefined, history: undefined, config: undefined };
  }
  const tar = folder.at('image.tar');
  await builder.export(folder.path, tar);
  const files = await listTar(tar, { times: one.times ?? false });
  const config = await builder.config(folder.path);
  return {
    outcomes,
    files: one.needs === 'busybox' ? await withoutBusybox(files, folder, one) : files,
    history: await builder.history(folder.path),
    config: config && sortedJson(config),
  };
}

async function makeImages(
  { needs, images = {} }: BuildCase,
  place: string,
  builder: Builder,
): Promise<void> {
  if (needs === 'busybox') await builder.import(place, 'busybox', busyboxTar());
  for (const [name, dockerfile] of Object.entries(images)) {
    writeFileSync(join(place, `${name}.Dockerfile`), dockerfile);
    const step = { flags: ['-f', `@${name}.Dockerfile`] };
    const { failed, log } = await builder.build(step, place, name);
    if (failed) throw new Error(`${name}: ${log}`);
  }
}

/** A hundred links that no case is about. */
async function withoutBusybox(
  files: string,
  folder: TempFolder,
  { times = false }: BuildCase,
): Promise<string> {
  const tar = folder.at('busybox.tar');
  writeFileSync(tar, busyboxTar());
  const known = new Set((await listTar(tar, { times })).split('\n'));
  return files
    .split('\n')
    .filter((line) => line === '' || !known.has(line))
    .join('\n');
}

function sortedJson(value: object): string {
  return `${JSON.stringify(value, (_, one) => (isPlain(one) ? sorted(one) : one), 2)}\n`;
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sorted(value: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
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
  async import(place, name, tar) {
    const { exitCode, stderr } = await command(['import', '-', name], { place, input: tar });
    if (exitCode !== 0) throw new Error(stderr);
  },
  async build(step, place, name = 'case') {
    const argv = ['build', '--progress=plain', '-t', name, ...argumentsOf(step, place)];
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
  async config(place) {
    const { stdout } = await command(['inspect', 'case'], { place });
    const [{ Config, Author }] = JSON.parse(stdout);
    return { ...Config, ...(Author ? { Author } : {}) };
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
