/**
 * load of a docker-archive into an empty store and save of it again, against the other tools and
 * against the least anybody must do: read, hash and write the same bytes. The image is five layers of
 * about 60 MB, real files of this machine, as plain tars.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '#core/digest.ts';
import { type Candidate, measure, table } from './measure.ts';
import { refusalOf, run, SLIPWAY } from './programs.ts';

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
    const archive = makeArchive(folder);
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

/** A docker-archive, the form that every tool reads. */
function makeArchive(folder: string): string {
  const place = join(folder, 'archive');
  mkdirSync(place);
  const layers = layerLists().map((paths, i) => {
    const name = `layer-${i}.tar`;
    writeFileSync(join(folder, 'list'), paths.join('\n'));
    const list = ['--no-recursion', '-T', join(folder, 'list')];
    tar(['-C', '/', '-cf', join(place, name), ...list]);
    return name;
  });
  const diff_ids = layers.map((name) => digestOf(readFileSync(join(place, name))));
  const config = {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids },
    history: layers.map((name) => ({ created_by: name })),
  };
  writeFileSync(join(place, 'config.json'), JSON.stringify(config));
  const manifest = [{ Config: 'config.json', RepoTags: [NAME], Layers: layers }];
  writeFileSync(join(place, 'manifest.json'), JSON.stringify(manifest));
  const archive = join(folder, 'image.tar');
  tar(['-C', place, '-cf', archive, 'manifest.json', 'config.json', ...layers]);
  // Once more through the page cache, as a file that was just copied here.
  copyFileSync(archive, `${archive}.warm`);
  rmSync(`${archive}.warm`);
  rmSync(place, { recursive: true });
  return archive;
}

/** Files of this machine, in five lists of about the same size. */
function layerLists(): readonly (readonly string[])[] {
  const lists: string[][] = [];
  let current: string[] = [];
  let size = 0;
  for (const path of globSync('usr/{lib,share,bin}/**', { cwd: '/' }).sort()) {
    const stats = lstatSync(`/${path}`, { throwIfNoEntry: false });
    if (!stats?.isFile() || stats.size > LAYER_BYTES / 2 || path.includes('\n')) continue;
    current.push(path);
    size += stats.size;
    if (size < LAYER_BYTES) continue;
    lists.push(current);
    if (lists.length === LAYERS) return lists;
    current = [];
    size = 0;
  }
  throw new Error('this machine has too few files for the image');
}

function tar(args: readonly string[]): void {
  const { status, stderr } = spawnSync('tar', [...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tar: ${stderr}`);
}
