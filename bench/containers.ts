/**
 * What a container costs: from start to exit of a static `true`, by our launcher, crun and runc on the
 * same bundle. As a cgroup2 hierarchy without controllers beside version 1 makes crun refuse, everything
 * runs in a mount namespace of its own without it; so this file starts itself again there.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Launcher } from '#runtime/launcher.ts';
import { containerSpec } from '#runtime/spec.ts';
import { type Candidate, measure, summary, type Timing, table } from './measure.ts';
import { refusalOf, run } from './programs.ts';

const NATIVE = join(import.meta.dirname, '../native');
const HELPER = join(NATIVE, 'build/slipway-native');
const SPAWN_LOOP = join(NATIVE, 'build/slipway-spawn');
const HIDE_CGROUP2 = 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$0" "$@"';
const ROUNDS = 41;

interface Runtime {
  readonly name: string;
  readonly command: (id: string) => readonly [string, ...string[]];
}

/** `npm run bench -- containers`. */
export async function containers(): Promise<string> {
  if (process.getuid?.() !== 0) return 'Skipped: needs root.\n';
  spawnSync('make', ['-s', '-C', NATIVE, 'all', 'bench']);
  const inside = ['--mount', 'sh', '-c', HIDE_CGROUP2, process.execPath, import.meta.filename];
  const child = spawn('unshare', inside, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const status = await new Promise((resolve) => child.once('close', resolve));
  if (status !== 0) throw new Error(`the benchmark ended with ${status}`);
  return text;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  try {
    const bundle = makeBundle(join(folder, 'bundle'));
    const runtimes = [launcher(bundle)];
    for (const peer of [ociRuntime('crun', bundle), ociRuntime('runc', bundle)]) {
      const [program, ...args] = peer.command('bench-try');
      const refusal = refusalOf(program, args);
      if (refusal === undefined) runtimes.push(peer);
      else console.log(`Skipped ${peer.name}: ${refusal}\n`);
    }
    const against = runtimes.some(({ name }) => name === 'crun') ? 'crun' : 'slipway-native run';
    console.log(`Alone, started by posix_spawn, ${ROUNDS} rounds:\n`);
    console.log(table(alone(runtimes), against));
    await fromNode(runtimes, bundle, against);
    await many(runtimes, bundle, against);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeBundle(folder: string): string {
  const root = join(folder, 'rootfs');
  for (const name of ['proc', 'sys', 'dev', 'etc']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  copyFileSync(join(NATIVE, 'build/slipway-init'), join(root, 'init'));
  const spec = containerSpec({
    args: ['/init', 'true'],
    env: ['PATH=/'],
    cwd: '/',
    user: { uid: 0, gid: 0 },
    hostname: 'bench',
    network: 'host',
  });
  // Older versions of crun know no later one.
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...spec, ociVersion: '1.0.2' }));
  return folder;
}

function launcher(bundle: string): Runtime {
  return { name: 'slipway-native run', command: (id) => [HELPER, 'run', '--bundle', bundle, id] };
}

function ociRuntime(name: string, bundle: string): Runtime {
  return { name, command: (id) => [name, 'run', '--bundle', bundle, id] };
}

/** No interpreter in between: slipway-spawn takes the time. */
function alone(runtimes: readonly Runtime[]): readonly Timing[] {
  const commands = runtimes.flatMap(({ command }, index) => [
    ...(index > 0 ? ['--'] : []),
    ...command('bench-alone'),
  ]);
  const { stdout, stderr, status } = spawnSync(SPAWN_LOOP, [String(ROUNDS), ...commands], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const rounds = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number));
  return runtimes.map(({ name }, index) =>
    summary(
      name,
      rounds.map((round) => (round[index] ?? Number.NaN) / 1000),
    ),
  );
}

/** As a candidate of a program that is started anew each time. */
function started({ name, command }: Runtime): Candidate {
  return {
    name,
    run: () => {
      const [program, ...args] = command('bench-node');
      return run(program, args);
    },
  };
}

async function fromNode(
  runtimes: readonly Runtime[],
  bundle: string,
  against: string,
): Promise<void> {
  await using resident = new Launcher({ helper: HELPER });
  const served = { name: 'slipway-native serve', run: () => serve(resident, bundle) };
  const timings = await measure([served, ...runtimes.map(started)], ROUNDS);
  console.log(`From Node, alone, ${ROUNDS} rounds:\n\n${table(timings, against)}`);
}

async function serve(resident: Launcher, bundle: string): Promise<void> {
  const stdio = { kind: 'capture', output: () => {} } as const;
  const { exitCode } = await resident.run({ id: 'bench', bundle, stdio });
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}`);
}

async function many(runtimes: readonly Runtime[], bundle: string, against: string): Promise<void> {
  await using resident = new Launcher({ helper: HELPER });
  const starts: readonly { name: string; start: (id: string) => Promise<void> }[] = [
    { name: 'slipway-native serve', start: () => serve(resident, bundle) },
    ...runtimes.map(({ name, command }) => ({
      name,
      start: (id: string) => {
        const [program, ...args] = command(id);
        return run(program, args);
      },
    })),
  ];
  const ids = Array.from({ length: 200 }, (_, index) => `bench-${index}`);
  const inSequence = starts.map(({ name, start }) => ({
    name,
    run: async () => {
      for (const id of ids) await start(id);
    },
  }));
  const sequence = await measure(inSequence, 3);
  console.log(`From Node, 200 in sequence, 3 rounds:\n\n${table(sequence, against)}`);
  const atOnce = starts.map(({ name, start }) => ({
    name,
    run: async () => {
      await Promise.all(ids.slice(0, 20).map((id) => start(id)));
    },
  }));
  const together = await measure(atOnce, 11);
  console.log(`From Node, 20 at once, 11 rounds:\n\n${table(together, against)}`);
  const load = loadavg().map((value) => value.toFixed(1));
  console.log(`The resident helper after these: ${memoryOf(HELPER)}. Load ${load.join(' ')}.\n`);
}

/** Of the processes of a program that are ours: guard and helper. */
function memoryOf(program: string): string {
  const sizes: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const path = `/proc/${pid}`;
    if (!existsSync(`${path}/smaps_rollup`)) continue;
    if (readFileSync(`${path}/cmdline`, 'utf8') !== `${program}\0serve\0`) continue;
    const rss = /^VmRSS:\s+(\d+ kB)/m.exec(readFileSync(`${path}/status`, 'utf8'))?.[1];
    const pss = /^Private_Dirty:\s+(\d+ kB)/m.exec(
      readFileSync(`${path}/smaps_rollup`, 'utf8'),
    )?.[1];
    sizes.push(`RSS ${rss}, of its own ${pss}`);
  }
  return sizes.join('; ');
}

if (import.meta.main) await main();
