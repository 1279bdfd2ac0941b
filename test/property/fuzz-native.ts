/**
 * The fuzz targets of the native helper (native/fuzz) on seeds made by our own writers: what this
 * side sends is what the other side reads. Built with address and undefined-behaviour sanitizers.
 *
 *     npm run fuzz:native -- --seed N --seconds S [TARGET…]
 *
 * An input that ends a target is kept and its file named; `build/fuzz/fuzz-TARGET FILE` runs it again.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { toByteString } from '#core/bytes.ts';
import { NativeHelper } from '#layer/native.ts';
import { type ContentPlace, encodePackList, type PlacedSource } from '#layer/pack-list.ts';
import { encodeRequest } from '#runtime/frames.ts';
import { DEFAULT_SECCOMP } from '#runtime/seccomp-profile.ts';
import { containerSpec } from '#runtime/spec.ts';
import { directory, file, hardlink, symlink, tarOf } from '#test/helpers/entries.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { rawTar } from '#test/helpers/raw-tar.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const NATIVE = join(import.meta.dirname, '../../native');

type Seeds = Readonly<Record<string, string | Uint8Array>>;

const json = (value: unknown): string => JSON.stringify(value);

/** One rule of each comparison; the whole profile alone is too long to change much. */
const SMALL_FILTER = {
  ...DEFAULT_SECCOMP,
  syscalls: [
    { names: ['read', 'write'], action: 'SCMP_ACT_ALLOW' },
    ...['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'].map((op, index) => ({
      names: ['clone', 'socket'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: index % 6, value: 2 ** 33 + 5, valueTwo: 1, op: `SCMP_CMP_${op}` }],
    })),
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
  ],
};

function spec(): object {
  return containerSpec({
    args: ['/bin/sh', '-c', 'true'],
    env: ['PATH=/bin'],
    cwd: '/',
    user: { uid: 0, gid: 0, additionalGids: [1] },
    hostname: 'boat',
    network: 'none',
    mounts: [{ destination: '/x', type: 'bind', source: '/y', options: ['rbind', 'ro', 'dev'] }],
    readonlyRoot: true,
    noNewPrivileges: true,
    seccomp: 'unconfined',
  });
}

function rootfs(): Seeds {
  const overlay = { upper: '/u', work: '/w', userXattr: true, volatile: true };
  const folder = { kind: 'folder', path: '/l' };
  const erofs = { kind: 'erofs', image: '/i', devices: ['/a', '/b'], backing: 'ramfs' };
  return { overlay: json({ lowers: [folder, erofs], overlay }), one: json({ lowers: [folder] }) };
}

async function tars(): Promise<Seeds> {
  const plain = await tarOf([
    directory('a'),
    file('a/b', Buffer.from('content'), { mode: 0o4755 }),
    symlink('a/link', '../b'),
    hardlink('a/hard', 'a/b'),
    file(`${'deep/'.repeat(30)}ä`, Buffer.alloc(600)),
  ]);
  const raw = rawTar([
    { type: 'gnuLongName', name: 'long', content: Buffer.from(`${'x'.repeat(120)}\0`) },
    { type: 'file', name: 'x', content: Buffer.from('abc') },
    { type: 'pax', name: 'pax', content: Buffer.from('25 SCHILY.xattr.user.a=bc\n') },
    { type: 'file', name: 'y' },
  ]);
  return { plain, raw };
}

/** The target has one file, `f`, in its working folder. */
async function lists(): Promise<Seeds> {
  using folder = tempFolder();
  writeFileSync(folder.at('f'), 'content');
  const { records } = await new NativeHelper(HELPER_PROGRAM).scan({ root: folder.path });
  const root = Buffer.from('.');
  const name = toByteString('f');
  const sha256 = createHash('sha256').update('content').digest('hex');
  const content = Buffer.from('content');
  const placed = (path: string, place: ContentPlace): PlacedSource => ({
    entry: file(path, content, { xattrs: { 'user.a': content } }).entry,
    place: () => place,
  });
  const entries = [
    { entry: directory('d').entry },
    placed('d/a', { kind: 'bytes', bytes: content }),
    placed('d/b', { kind: 'file', root, path: name, sha256 }),
    placed('d/c', { kind: 'part', file: 'f', offset: 0 }),
    { entry: hardlink('d/h', 'd/a').entry },
    { entry: symlink('d/l', '../b').entry },
  ];
  const scanned = {
    ...{ root, path: toByteString(''), records: records ?? Buffer.alloc(0) },
    ...{ destination: toByteString('to'), uid: 1, gid: 2, mtimeMax: 5 },
  };
  const parent = { entry: directory('to').entry };
  return {
    entries: Buffer.concat([...encodePackList({ entries })]),
    folder: Buffer.concat([...encodePackList({ entries: [parent], folder: scanned })]),
  };
}

/** Seeds by target. */
export async function fuzzSeeds(): Promise<Readonly<Record<string, Seeds>>> {
  const whole = json({ ...spec(), linux: { namespaces: [], seccomp: SMALL_FILTER } });
  return {
    json: { spec: json(spec()), small: '{"a":[1,-2.5e3,"\\u00e9\\ud83d\\ude00",null,{}]}' },
    spec: { plain: json(spec()), filter: whole, limits: limits(), ...(await hooks()) },
    rootfs: rootfs(),
    seccomp: { small: json(SMALL_FILTER), whole: json(DEFAULT_SECCOMP) },
    frames: {
      start: encodeRequest('start', 1, Buffer.from('/bundle')),
      both: Buffer.concat([
        encodeRequest('signal', 1, Uint8Array.of(9)),
        encodeRequest('start', 2, Buffer.from('/b')),
      ]),
    },
    tar: await tars(),
    list: await lists(),
  };
}

/** Every member of linux.resources, and process.rlimits. */
function limits(): string {
  const device = { major: 8, minor: 0 };
  const rate = [{ ...device, rate: 1 }];
  const resources = {
    memory: { limit: 1, reservation: 2, swap: -1, kernel: 3, kernelTCP: 4, swappiness: 5 },
    cpu: { shares: 2, quota: -1, burst: 1, period: 3, realtimePeriod: 4, cpus: '0', idle: 1 },
    pids: { limit: 5 },
    blockIO: {
      weight: 10,
      weightDevice: [{ ...device, weight: 11, leafWeight: 12 }],
      throttleReadBpsDevice: rate,
      throttleWriteIOPSDevice: rate,
    },
    devices: [{ allow: true, type: 'c', major: 1, minor: -1, access: 'rwm' }, { allow: false }],
    hugepageLimits: [{ pageSize: '2MB', limit: 1 }],
    network: { classID: 1, priorities: [{ name: 'eth0', priority: 2 }] },
    rdma: { mlx5: { hcaHandles: 1, hcaObjects: 2 } },
    unified: { 'memory.high': 'max', 'cgroup.max.depth': '1' },
  };
  const { process, ...rest } = containerSpec({
    args: ['true'],
    env: [],
    cwd: '/',
    user: { uid: 0, gid: 0 },
    hostname: 'boat',
    network: 'host',
    seccomp: 'unconfined',
  });
  const rlimits = [{ type: 'RLIMIT_NOFILE', soft: 1, hard: 2 }];
  const { namespaces } = rest.linux;
  const linux = { namespaces, resources, cgroupsPath: '/a/b' };
  return json({ ...rest, process: { ...process, rlimits }, linux });
}

async function hooks(): Promise<Seeds> {
  const hook = { path: '/x', args: ['x'], env: ['A=1'], timeout: 5 };
  return { hooks: json({ ...spec(), hooks: { prestart: [hook], poststop: [hook] } }) };
}

/** Why there can be no targets here; undefined when they are built. @throws when that fails */
export function buildTargets(): string | undefined {
  const trial = ['-fsanitize=address,undefined', '-x', 'c', '-', '-o', '/dev/null'];
  const { status } = spawnSync('cc', trial, { input: 'int main(void) { return 0; }' });
  if (status !== 0) return 'needs a cc with address and undefined-behaviour sanitizers';
  const made = spawnSync('make', ['-s', '-C', NATIVE, 'fuzz'], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`make -C native fuzz: ${made.stderr}`);
  return undefined;
}

export interface FuzzRun {
  readonly seed: number;
  readonly seconds?: number;
  /** Inputs; with a number the same ones everywhere. */
  readonly runs?: number;
}

/** What the target printed, and whether it came to the end. */
export function fuzzTarget(
  target: string,
  seeds: Seeds,
  { seed, seconds = 1e6, runs }: FuzzRun,
): { readonly isFine: boolean; readonly text: string } {
  using folder = tempFolder();
  mkdirSync(folder.at('seeds'));
  for (const [name, content] of Object.entries(seeds)) {
    writeFileSync(folder.at('seeds', name), content);
  }
  const crash = join(tmpdir(), `slipway-fuzz-${target}-${seed}`);
  const limits = ['--seconds', String(seconds), ...(runs ? ['--runs', String(runs)] : [])];
  const args = ['--seed', String(seed), '--crash', crash, ...limits, folder.at('seeds')];
  const ran = spawnSync(join(NATIVE, 'build/fuzz', `fuzz-${target}`), args, { encoding: 'utf8' });
  return { isFine: ran.status === 0, text: `${ran.stdout}${ran.stderr}`.trim() };
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seed: { type: 'string' }, seconds: { type: 'string', default: '60' } },
  });
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  const refusal = buildTargets();
  if (refusal !== undefined) throw new Error(refusal);
  const all = await fuzzSeeds();
  const targets = positionals.length > 0 ? positionals : Object.keys(all);
  console.log(`seed ${seed}, ${values.seconds} s for ${targets.join(', ')}`);
  const seconds = Number(values.seconds) / targets.length;
  for (const target of targets) {
    const { isFine, text } = fuzzTarget(target, all[target] ?? {}, { seed, seconds });
    console.log(`${target}: ${text}`);
    if (!isFine) process.exitCode = 1;
  }
}

if (import.meta.main) await main();
