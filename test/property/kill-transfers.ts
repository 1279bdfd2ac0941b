/**
 * `slipway pull` and `push` killed with SIGKILL at random moments, again and again, over a slow line,
 * until they are through. What goes over the line twice is counted, and bounded.
 *
 *     npm run kills -- --rounds N --seed S
 */
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { slipway, startSlipway } from '#test/helpers/cli-process.ts';
import { type CountingProxy, countingProxy } from '#test/helpers/counting-proxy.ts';
import { startDockerRegistry } from '#test/helpers/docker-registry.ts';
import { putImage, type SampleImage, sampleImage } from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { randomNumbers } from '#test/helpers/random-numbers.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import { peers } from '#test/interop/host.ts';

export const MIB = 1024 * 1024;

export interface KillOptions {
  readonly kills: number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly layers?: number;
  /** Of each layer, about. */
  readonly fileSize?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface KillCounts {
  /** Of the image. */
  readonly size: number;
  /** Bytes over the line beyond that; protocol included. */
  readonly twice: number;
  /** Kills that met a process at work. */
  readonly kills: number;
}

const LAYERS = 3;
const FILE_BYTES = 6 * MIB;

/** From a registry of ours; the store is clean and the image whole afterwards. */
export async function pullWithKills(options: KillOptions): Promise<KillCounts> {
  await using registry = await temporaryRegistry();
  await using remote = remoteAt(registry.address);
  const image = await imageFor(options);
  await putImage(remote, image, '1');
  await using proxy = await countingProxy(registry.address);
  using folder = tempFolder();
  const name = `${proxy.address}/test/app:1`;
  const site = { proxy, root: folder.at('store'), options };
  const kills = await killed(['pull', name], site);
  const check = await slipway(['system', 'check'], { root: site.root });
  assert.equal(check.exitCode, 0, check.stdout + check.stderr);
  const shown = await slipway(['inspect', '--format', '{{.Id}}', name], { root: site.root });
  assert.equal(shown.stdout.trim(), image.imageId);
  const size = sizeOf(image);
  return { size, twice: proxy.counted.down - size, kills };
}

/** To a registry; it has the image afterwards. */
export async function pushWithKills(registry: string, options: KillOptions): Promise<KillCounts> {
  await using proxy = await countingProxy(registry);
  await using place = await temporaryStore();
  const image = await imageFor(options);
  const name = `${proxy.address}/test/app:1`;
  await storeImage(place.store, image, name);
  const kills = await killed(['push', name], { proxy, root: place.root, options });
  await using remote = remoteAt(registry);
  assert.equal((await remote.resolve('1')).digest, image.manifest.digest);
  const size = sizeOf(image);
  return { size, twice: proxy.counted.up - size, kills };
}

/** A kill after each one to three mebibytes, then once to the end. */
async function killed(
  argv: readonly string[],
  site: {
    readonly proxy: CountingProxy;
    readonly root: string;
    readonly options: KillOptions;
  },
): Promise<number> {
  const { proxy, root, options } = site;
  const { environment = {}, random } = options;
  let met = 0;
  for (let kill = 0; kill < options.kills; kill += 1) {
    const running = startSlipway(argv, { root, environment });
    await Promise.race([proxy.after(MIB + random() * 2 * MIB), running.outcome]);
    running.kill('SIGKILL');
    if ((await running.outcome).exitCode === undefined) met += 1;
  }
  const done = await slipway(argv, { root, environment });
  assert.equal(done.exitCode, 0, done.stderr);
  return met;
}

function imageFor({ layers = LAYERS, fileSize = FILE_BYTES }: KillOptions): Promise<SampleImage> {
  return sampleImage({ layers, codec: 'gzip', fileSize });
}

function sizeOf({ blobs }: SampleImage): number {
  return blobs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
}

/**
 * A kill loses what is in the kernel's buffers of each connection, which on loopback may be some
 * hundred kilobytes, and what was read and not yet written.
 */
export const LOST_BYTES_MAX = LAYERS * MIB;
/** Of a registry that keeps nothing of a broken request: one layer a kill, and what was in buffers. */
export const LOST_LAYER_BYTES_MAX = (3 + 1) * MIB;
/** Small layers, one at a time: so that what such a registry loses is one of them. */
export const ONE_BY_ONE = {
  layers: 6,
  fileSize: 3 * MIB,
  environment: { SLIPWAY_PARALLEL_TRANSFERS: '1' },
} as const;
/** In one transfer. */
const KILLS = 5;

/** Transfers in all three ways until each was killed so often; gives a Markdown table. */
async function killRounds(rounds: number, seed: number): Promise<string> {
  const random = randomNumbers(seed);
  const unfit = await peers().unfit('docker-registry');
  await using ours = await temporaryRegistry();
  await using docker = unfit === undefined ? await startDockerRegistry() : undefined;
  const options = { kills: KILLS, random };
  const ways: readonly (readonly [string, number, () => Promise<KillCounts>])[] = [
    ['pull', LOST_BYTES_MAX, () => pullWithKills(options)],
    ['push to our registry', LOST_BYTES_MAX, () => pushWithKills(ours.address, options)],
    ...(docker
      ? ([
          [
            'push to docker-registry',
            LOST_LAYER_BYTES_MAX,
            () => pushWithKills(docker.address, { ...options, ...ONE_BY_ONE }),
          ],
        ] as const)
      : []),
  ];
  const rows: string[] = [];
  for (const [name, lostMax, transfer] of ways) {
    const sum = { transfers: 0, kills: 0, size: 0, twice: 0 };
    while (sum.kills < rounds) {
      const { kills, size, twice } = await transfer();
      const where = `${name}, seed ${seed}, transfer ${sum.transfers}`;
      assert.ok(twice < Math.max(1, kills) * lostMax, `${twice} bytes twice: ${where}`);
      sum.transfers += 1;
      sum.kills += kills;
      sum.size += size;
      sum.twice += twice;
      console.log(`${where}: ${kills} kills, ${twice} of ${size} bytes twice`);
    }
    const each = Math.round(sum.twice / sum.kills / 1024);
    rows.push(
      `| ${name} | ${sum.kills} | ${mebibytes(sum.size)} | ${mebibytes(sum.twice)} | ${each} |`,
    );
  }
  return [
    ...(unfit === undefined ? [] : [`docker-registry left out: ${unfit}\n`]),
    '| | kills | image MiB | twice MiB | twice KiB a kill |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...rows,
  ].join('\n');
}

function mebibytes(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { rounds: { type: 'string' }, seed: { type: 'string' } },
  });
  const rounds = Number(values.rounds ?? 100);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  console.log(`${rounds} kills each way with seed ${seed}`);
  console.log(`\n${await killRounds(rounds, seed)}`);
}
