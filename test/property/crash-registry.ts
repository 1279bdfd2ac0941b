/**
 * kill -9 of the real registry server at random moments of uploads, mounts, manifest puts, deletes and gc, now
 * and then with two servers on one root and with `registry gc` beside them. What was acknowledged must be so
 * after the next start, which repairs nothing; what was not is as it was before or as it was meant. Every few
 * rounds gc runs to its end, and then exactly what the manifests need is left.
 *
 *     npm run crash:registry -- --rounds N --seed S
 */
import assert from 'node:assert/strict';
import { readdirSync, utimesSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type CliProcess, slipway, startSlipway } from '#test/helpers/cli-process.ts';
import { randomNumbers } from '#test/helpers/random-numbers.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';
import { CrashClient, type CrashedOperation } from './crash-registry-client.ts';

export interface CrashRegistryOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly log?: (line: string) => void;
}

export interface CrashRegistryCounts {
  readonly rounds: number;
  /** Requests acknowledged, and cut off, by what was done. */
  readonly operations: ReadonlyMap<string, { readonly acknowledged: number; readonly cut: number }>;
  readonly twoServers: number;
  readonly gcKilled: number;
  readonly gcEnded: number;
  readonly settled: number;
}

const CLIENTS = 3;
const LIFE_MAX_MS = 1500;
const SETTLE_EVERY = 10;

/** @throws AssertionError with seed and round when something is lost or left over */
export async function crashRegistry(options: CrashRegistryOptions): Promise<CrashRegistryCounts> {
  using folder = tempFolder();
  const site = new CrashSite(folder, options.seed);
  for (let round = 1; round <= options.rounds; round += 1) {
    try {
      await site.play();
      if (round % SETTLE_EVERY === 0 || round === options.rounds) await site.settle();
    } catch (cause) {
      throw new Error(`seed ${options.seed}, round ${round}`, { cause });
    }
    options.log?.(`round ${round}: ${site.said}`);
  }
  return site.counts(options.rounds);
}

class CrashSite {
  said = '';
  readonly #root: string;
  readonly #random: () => number;
  readonly #clients: readonly CrashClient[];
  readonly #operations = new Map<string, { acknowledged: number; cut: number }>();
  #twoServers = 0;
  #gcKilled = 0;
  #gcEnded = 0;
  #settled = 0;

  constructor(folder: TempFolder, seed: number) {
    this.#root = folder.at('store');
    this.#random = randomNumbers(seed);
    this.#clients = Array.from(
      { length: CLIENTS },
      (_, i) => new CrashClient(`team/app${i}`, this.#random),
    );
  }

  /** One life of the server: first it must have what the lives before were told. */
  async play(): Promise<void> {
    const hasTwo = this.#random() < 0.2;
    const servers = [await this.#start(), ...(hasTwo ? [await this.#start()] : [])];
    const addresses = await Promise.all(servers.map(addressOf));
    const [first = ''] = addresses;
    for (const client of this.#clients) await client.verify(first);
    const collecting =
      this.#random() < 0.4 ? startSlipway(['registry', 'gc'], { root: this.#root }) : undefined;
    const lifeMs = 20 + this.#random() * LIFE_MAX_MS;
    const until = performance.now() + lifeMs;
    const loads = this.#clients.map((client, i) =>
      client.work(addresses[i % addresses.length] ?? first, () => performance.now() < until + 1000),
    );
    await sleep(lifeMs);
    for (const server of servers) server.kill('SIGKILL');
    collecting?.kill('SIGKILL');
    const done = (await Promise.all(loads)).flat();
    for (const server of servers) await server.outcome;
    const gc = await collecting?.outcome;
    if (hasTwo) this.#twoServers += 1;
    if (gc?.exitCode === undefined) this.#gcKilled += gc ? 1 : 0;
    else {
      assert.equal(gc.exitCode, 0, gc.stderr);
      this.#gcEnded += 1;
    }
    this.#count(done);
    this.said = `${done.filter(({ isCut }) => !isCut).length} acknowledged, ${done.filter(({ isCut }) => isCut).length} cut${hasTwo ? ', two servers' : ''}${gc ? ', gc' : ''}`;
  }

  /** Nothing is left that no manifest needs, once pushes are over; and nothing is damaged. */
  async settle(): Promise<void> {
    {
      const server = await this.#start();
      for (const client of this.#clients) await client.verify(await addressOf(server), 'all');
      server.kill('SIGTERM');
      assert.equal((await server.outcome).exitCode, 0);
    }
    using database = new DatabaseSync(`${this.#root}/metadata.db`, { timeout: 60_000 });
    database.exec('UPDATE links SET linked_at_ms = 0; UPDATE uploads SET touched_at_ms = 0');
    // Of one that was killed before it had a row, the file says how old it is.
    for (const name of readdirSync(`${this.#root}/uploads`)) {
      utimesSync(`${this.#root}/uploads/${name}`, 0, 0);
    }
    await this.#good('registry', 'gc');
    const needed = new Set(this.#clients.flatMap((client) => [...client.needed()]));
    const left = readdirSync(`${this.#root}/blobs/sha256`).map((hex) => `sha256:${hex}`);
    assert.deepEqual(left.toSorted(), [...needed].toSorted());
    for (const name of ['ingest', 'trash', 'uploads']) {
      assert.deepEqual(readdirSync(`${this.#root}/${name}`), [], name);
    }
    await this.#good('registry', 'check');
    await this.#good('system', 'check');
    this.#settled += 1;
  }

  counts(rounds: number): CrashRegistryCounts {
    return {
      rounds,
      operations: this.#operations,
      twoServers: this.#twoServers,
      gcKilled: this.#gcKilled,
      gcEnded: this.#gcEnded,
      settled: this.#settled,
    };
  }

  async #good(...argv: readonly string[]): Promise<void> {
    const { exitCode, stdout, stderr } = await slipway(argv, { root: this.#root });
    assert.equal(exitCode, 0, `${argv.join(' ')}\n${stdout}${stderr}`);
  }

  async #start(): Promise<CliProcess> {
    const server = startSlipway(['registry', 'serve', '--addr', '127.0.0.1:0'], {
      root: this.#root,
    });
    await server.firstLine;
    return server;
  }

  #count(done: readonly CrashedOperation[]): void {
    for (const { name, isCut } of done) {
      const counts = this.#operations.get(name) ?? { acknowledged: 0, cut: 0 };
      counts[isCut ? 'cut' : 'acknowledged'] += 1;
      this.#operations.set(name, counts);
    }
  }
}

async function addressOf(server: CliProcess): Promise<string> {
  return (await server.firstLine).replace('Registry listening on ', '');
}

/** For people. */
export function crashRegistryText(counts: CrashRegistryCounts): string {
  const { rounds, operations, twoServers, gcKilled, gcEnded, settled } = counts;
  const rows = [...operations]
    .toSorted()
    .map(
      ([name, { acknowledged, cut }]) =>
        `  ${name.padEnd(18)}${acknowledged} acknowledged, ${cut} cut`,
    );
  return [
    `${rounds} rounds, each ended by kill -9; ${twoServers} of them with two servers on one root`,
    ...rows,
    `  gc beside them    ${gcEnded} ended, ${gcKilled} killed`,
    `nothing acknowledged was lost; ${settled} times nothing was left over after gc`,
  ].join('\n');
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { rounds: { type: 'string' }, seed: { type: 'string' } },
  });
  const rounds = Number(values.rounds ?? 200);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const counts = await crashRegistry({ rounds, seed, log: (line) => console.log(line) });
  console.log(`seed ${seed}\n${crashRegistryText(counts)}`);
}
