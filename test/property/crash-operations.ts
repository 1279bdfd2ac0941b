/**
 * The commands of the crash loop, and what must be so after each besides what must be so after all:
 * an interrupted save goes on and its files come out the same to the byte, volumes that arrived are
 * not asked for again, a registry never has half an image under a name.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { slipway } from '#test/helpers/cli-process.ts';
import { type CrashMaterial, context, good, KEPT, VOLUME_SIZE } from './crash-material.ts';

export type CrashEnd = 'killed' | 'ended';

/** One process. What it has done to the names when it ended well. */
export interface CrashCommand {
  readonly argv: readonly string[];
  readonly adds?: readonly string[];
  /** Gone when it ended well; either way when it was killed. */
  readonly removes?: readonly string[];
}

export interface CrashOperation {
  readonly name: string;
  /** Started together, each killed at a moment of its own. */
  readonly commands: readonly CrashCommand[];
  /** Who is killed, when it is not the commands; they may fail then, with an error of exit code 1. */
  readonly kill?: () => Promise<void>;
  readonly before?: () => Promise<void>;
  /** What must be so now; `killed` when one of the commands was. Names it gives are there now. */
  readonly after?: (end: CrashEnd) => Promise<readonly string[]>;
}

export interface CrashRound {
  readonly round: number;
  readonly named: ReadonlySet<string>;
  readonly random: () => number;
}

/** Where the volumes that are loaded one by one stand. */
export interface VolumeProgress {
  next: number;
}

const all = (name: string, ...argv: readonly string[]): CrashOperation => ({
  name,
  commands: [{ argv }],
});

/** What can be played in this round. */
export function operationsOf(
  material: CrashMaterial,
  { round, named, random }: CrashRound,
  progress: VolumeProgress,
): readonly CrashOperation[] {
  const { folder, address } = material;
  const pulled = `${address}/pulled:1`;
  const built = `built:${round}`;
  const imported = `imported:${round}`;
  const rest = `RUN echo ${round} > /n && head -c 2000000 /dev/urandom > /r\nCOPY marker /m\n`;
  const adding = (name: string, added: string, ...argv: readonly string[]): CrashOperation => ({
    name,
    commands: [{ argv, adds: [added] }],
  });
  const removing = (name: string, removed: string): CrashOperation => ({
    name,
    commands: [{ argv: ['rmi', removed], removes: [removed] }],
  });
  const operations: readonly CrashOperation[] = [
    adding('load', 'loaded:1', 'load', '-i', folder.at('loaded.tar')),
    adding('load of a delta', 'delta:1', 'load', '-i', folder.at('delta.tar')),
    volumeArrives(material, progress),
    intoRegistry(material, round, random() < 0.5),
    { ...intoRegistry(material, round, true), ...registryDies(material) },
    saving(material, { archive: 'kept.tar', goesOn: random() < 0.5 }),
    saving(material, {
      archive: 'cut.tar',
      goesOn: random() < 0.5,
      flags: ['--volume-size', VOLUME_SIZE],
    }),
    adding('import', imported, 'import', folder.at('root.tar'), imported),
    adding('pull', pulled, 'pull', '-q', pulled),
    adding('build', built, 'build', '-q', '-t', built, context(folder, built, rest)),
    all('gc', 'system', 'gc'),
    all('prune', 'system', 'prune', '-f'),
    pruneAll(material, named),
    all('builder prune', 'builder', 'prune', '-a', '-f'),
    removing('rmi', 'loaded:1'),
    removing('rmi of a delta', 'delta:1'),
    removing('rmi of volumes', 'volumed:1'),
    removing('rmi of pulled', pulled),
    storm(round, named),
    repairing(material),
  ];
  const isHere = (name: string): boolean => named.has(name);
  return operations.filter(
    ({ name, commands }) =>
      commands.every(({ removes = [] }) => removes.every(isHere)) &&
      !(name === FIRST_VOLUME && isHere('volumed:1')),
  );
}

const FIRST_VOLUME = 'load of the first volume';

/** The next volume, on its own. With the last one the image is there, killed or not, when asked again. */
function volumeArrives(material: CrashMaterial, progress: VolumeProgress): CrashOperation {
  const { volumes, store } = material;
  const argv = ['load', '-i', volumes[progress.next] ?? ''];
  const isLast = progress.next === volumes.length - 1;
  return {
    name: progress.next === 0 ? FIRST_VOLUME : `load of ${isLast ? 'the last' : 'another'} volume`,
    commands: [{ argv }],
    async before() {
      if (progress.next > 0) return;
      // An image that is here, or only its blobs since a removal was killed, needs no volumes: they
      // are dropped, and after a `prune -a` the last of them completes nothing.
      await slipway(['rmi', 'volumed:1'], { root: store });
      await good(store, 'system', 'gc');
    },
    async after(end) {
      // The same stick again.
      if (end === 'killed') await good(store, ...argv);
      progress.next = isLast ? 0 : progress.next + 1;
      return isLast ? ['volumed:1'] : [];
    },
  };
}

interface Saving {
  readonly archive: string;
  /** After a kill the command is given again; else an unfinished file awaits the next such round. */
  readonly goesOn: boolean;
  readonly flags?: readonly string[];
}

function saving(material: CrashMaterial, { archive, goesOn, flags = [] }: Saving): CrashOperation {
  const { folder, store, expected } = material;
  const argv = ['save', '-o', folder.at('out', archive), ...flags, KEPT];
  return {
    name: flags.length > 0 ? 'save in volumes' : 'save',
    commands: [{ argv }],
    async after(end) {
      if (end === 'killed' && goesOn) await good(store, ...argv);
      if (end === 'ended' || goesOn) sameFiles(folder.at('out'), expected, archive);
      return [];
    },
  };
}

/** The same names and bytes, nothing beside them; then they are removed, for a save from nothing. */
function sameFiles(out: string, expected: string, archive: string): void {
  const of = (at: string) => readdirSync(at).filter((name) => name.includes(archive));
  assert.deepEqual(of(out).sort(), of(expected).sort());
  for (const name of of(out)) {
    assert.ok(readFileSync(join(out, name)).equals(readFileSync(join(expected, name))), name);
    rmSync(join(out, name));
  }
}

/** Into a repository of its own, so that every blob is sent. */
function intoRegistry(material: CrashMaterial, round: number, goesOn: boolean): CrashOperation {
  const { folder, store, target } = material;
  const place = `${target.address}/round${round}`;
  const argv = ['load', '-q', '-i', folder.at('loaded.tar'), '--to', `registry://${place}`];
  return {
    name: 'load --to',
    commands: [{ argv }],
    async after(end) {
      if (end === 'killed' && goesOn) await good(store, ...argv);
      await registryIsWhole(material, {
        name: `${place}/loaded:1`,
        isThere: end === 'ended' || goesOn,
      });
      return [];
    },
  };
}

/** What is dead is started again before anything is asked of it. */
function registryDies({ target }: CrashMaterial) {
  return { name: 'load --to, registry killed', kill: () => target.stop() };
}

async function registryIsWhole(
  { folder, target }: CrashMaterial,
  { name, isThere }: { readonly name: string; readonly isThere: boolean },
): Promise<void> {
  const other = folder.at('other');
  const { exitCode, stderr } = await slipway(['pull', '-q', name], { root: other });
  if (exitCode === 0) {
    const id = ['inspect', '--format', '{{.Id}}'];
    const [there, here] = [
      await good(other, ...id, name),
      await good(folder.at('source'), ...id, 'loaded:1'),
    ];
    assert.equal(there, here);
  } else {
    assert.ok(!isThere, stderr);
    assert.match(stderr, /not found|manifest unknown/);
  }
  rmSync(other, { recursive: true });
  const check = await slipway(['system', 'check'], { root: target.root });
  assert.equal(check.exitCode, 0, check.stdout);
}

/** Everything may go; what the loop needs comes back. */
function pruneAll({ store, folder }: CrashMaterial, named: ReadonlySet<string>): CrashOperation {
  return {
    name: 'prune -a',
    commands: [{ argv: ['system', 'prune', '-a', '-f'], removes: [...named] }],
    async after() {
      await good(store, 'load', '-i', folder.at('kept.tar'));
      return [KEPT];
    },
  };
}

const STORM = 6;

/** Names of one image, given and taken at once. */
function storm(round: number, named: ReadonlySet<string>): CrashOperation {
  const taken = [...named].filter((name) => name.startsWith('storm:')).slice(0, STORM);
  const given = Array.from({ length: STORM }, (_, i) => `storm:${round}-${i}`);
  return {
    name: 'tag and rmi at once',
    commands: [
      ...given.map((name) => ({ argv: ['tag', KEPT, name], adds: [name] })),
      ...taken.map((name) => ({ argv: ['rmi', name], removes: [name] })),
    ],
  };
}

/** Damage that a repair mends without a loss: an index that does not fit, a merged image of nothing. */
function repairing({ store }: CrashMaterial): CrashOperation {
  return {
    name: 'check --repair',
    commands: [{ argv: ['system', 'check', '--repair'] }],
    async before() {
      for (const folder of ['indexes/v1/sha256', 'merged/v1/sha256']) {
        for (const name of readdirSync(join(store, folder))) {
          if (name.endsWith('.erofs')) writeFileSync(join(store, folder, name), 'damaged');
        }
      }
    },
    async after(end) {
      if (end === 'killed') await slipway(['system', 'check', '--repair'], { root: store });
      return [];
    },
  };
}
