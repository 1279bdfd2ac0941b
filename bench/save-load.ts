/**
 * load of a docker-archive into an empty store and save of it again, against the other tools and
 * against the least anybody must do: read, hash and write the same bytes. The image is five layers of
 * about 60 MB, real files of this machine, as plain tars.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Candidate, measure, table } from './measure.ts';
import { refusalOf, run, SLIPWAY } from './programs.ts';
import { makeArchive } from './sample-archive.ts';

const LAYERS = 5;
const LAYER_BYTES = 60_000_000;
const ROUNDS = 5;
const NAME = 'localhost/slipway-bench:1';

type Command = readonly [program: string, args: readonly string[]];

interface Tool {
  readonly name: string;
  readonly load: (store: string, archive: string) => Command;
  readonly save: (store: string, archive: string) => Command;
  /** Empties a store that is not in `store`. */
  readonly forget?: Command;
}

const OURS: Tool = {
  name: 'slipway',
  load: (store, archive) => [SLIPWAY, ['--root', store, 'load', '-i', archive]],
  save: (store, archive) => [SLIPWAY, ['--root', store, 'save', '-o', archive, NAME]],
};

const PEERS: readonly Tool[] = [
  {
    name: 'docker',
    load: (_, archive) => ['docker', ['load', '-i', archive]],
    save: (_, archive) => ['docker', ['save', '-o', archive, NAME]],
    forget: ['docker', ['rmi', '--force', NAME]],
  },
  {
    name: 'podman',
    load: (store, archive) => ['podman', [...containersStore(store), 'load', '-i', archive]],
    save: (store, archive) => ['podman', [...containersStore(store), 'save', '-o', archive, NAME]],
  },
  {
    name: 'buildah',
    load: (store, archive) => [
      'buildah',
      [...containersStore(store), 'pull', `docker-archive:${archive}`],
    ],
    save: (store, archive) => [
      'buildah',
      [...containersStore(store), 'push', NAME, `docker-archive:${archive}:${NAME}`],
    ],
  },
];

function containersStore(store: string): readonly string[] {
  return ['--root', join(store, 'root'), '--runroot', join(store, 'run')];
}

export async function saveAndLoad(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  const used: Tool[] = [];
  try {
    const archive = makeArchive(folder, { name: NAME, layers: LAYERS, layerBytes: LAYER_BYTES });
    const skipped: string[] = [];
    for (const tool of [OURS, ...PEERS]) {
      const refusal = refusalOf(...tool.load(storeOf(tool, folder), archive));
      if (refusal === undefined) used.push(tool);
      else skipped.push(`Skipped ${tool.name}: ${refusal}\n`);
    }
    const saved = join(folder, 'saved.tar');
    const removeSaved = (): void => rmSync(saved, { force: true });
    const saving = await measure(
      [
        floor(archive, saved),
        ...used.map(
          (tool): Candidate => ({
            name: tool.name,
            prepare: removeSaved,
            run: () => run(...tool.save(storeOf(tool, folder), saved)),
          }),
        ),
      ],
      ROUNDS,
    );
    removeSaved();
    const loading = await measure(
      [
        floor(archive, saved),
        ...used.map(
          (tool): Candidate => ({
            name: tool.name,
            prepare: () => empty(tool, folder),
            run: () => run(...tool.load(storeOf(tool, folder), archive)),
          }),
        ),
      ],
      ROUNDS,
    );
    const size = (lstatSync(archive).size / 1e6).toFixed(0);
    return [
      `${size} MB in ${LAYERS} layers.\n`,
      ...skipped,
      `load:\n\n${table(loading, 'slipway')}`,
      `save:\n\n${table(saving, 'slipway')}`,
      memoryText(folder, archive),
    ].join('\n');
  } finally {
    for (const { forget } of used) if (forget) refusalOf(...forget);
    rmSync(folder, { recursive: true, force: true });
  }
}

function storeOf({ name }: Tool, folder: string): string {
  return join(folder, `store-${name}`);
}

async function empty(tool: Tool, folder: string): Promise<void> {
  if (tool.forget) await run(...tool.forget);
  else rmSync(storeOf(tool, folder), { recursive: true, force: true });
}

/** Programs of their own kind: what the machine needs for the bytes alone. */
function floor(archive: string, copy: string): Candidate {
  return {
    name: 'cp and openssl sha256',
    prepare: () => rmSync(copy, { force: true }),
    run: async () => {
      await run('cp', [archive, copy]);
      await run('openssl', ['dgst', '-sha256', copy]);
    },
  };
}

/** The largest resident set of a load and of a save, as GNU time sees it. */
function memoryText(folder: string, archive: string): string {
  const time = '/usr/bin/time';
  if (!existsSync(time)) return `Memory was not measured: no ${time}.\n`;
  const store = join(folder, 'store-memory');
  const peak = ([program, args]: Command): string => {
    const { stderr } = spawnSync(time, ['-f', '%M', program, ...args], { encoding: 'utf8' });
    return `${(Number(stderr.trim().split('\n').at(-1)) / 1024).toFixed(0)} MB`;
  };
  const loaded = peak(OURS.load(store, archive));
  const saved = peak(OURS.save(store, join(folder, 'memory.tar')));
  return `Peak memory of slipway: load ${loaded}, save ${saved}.\n`;
}
