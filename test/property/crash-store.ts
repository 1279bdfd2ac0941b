/**
 * kill -9 at random moments: one store, a command a round, killed somewhere in its life. After each
 * round `system check` must be clean, nothing may be left over, and every image that was named by a
 * command that ended well must be there.
 *
 *     npm run crash -- --rounds N --seed S
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BUSYBOX_BASE, writeContext } from '#test/helpers/busybox-context.ts';
import { slipway, startSlipway } from '#test/helpers/cli-process.ts';
import { temporaryFiles } from '#test/helpers/fault-site.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

export interface CrashOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly log?: (line: string) => void;
}

/** How the rounds ended, by command. */
export type CrashCounts = ReadonlyMap<string, { readonly killed: number; readonly ended: number }>;

/** What a command that ended well has done to the names. */
interface Operation {
  readonly name: string;
  readonly argv: readonly string[];
  readonly adds?: readonly string[];
  /** Gone when it ended well; either way when it was killed. */
  readonly removes?: readonly string[];
}

const KEPT = 'kept:1';
/** Longer than this no round waits before it kills. */
const DELAY_MAX_MS = 5000;

/** Runs the rounds. @throws AssertionError with seed and round when the store is not as it should be */
export async function crashRounds({ rounds, seed, log }: CrashOptions): Promise<CrashCounts> {
  using folder = tempFolder();
  const random = randomNumbers(seed);
  const site = await CrashSite.prepare(folder);
  try {
    for (let round = 1; round <= rounds; round += 1) {
      const operation = site.pick(random, round);
      const outcome = await site.play(operation, random);
      log?.(`round ${round}: ${operation.name} ${outcome}`);
      await site.inspect(`seed ${seed}, round ${round}: ${operation.name} ${outcome}`);
    }
    return site.counts;
  } finally {
    await site.close();
  }
}

class CrashSite {
  readonly counts = new Map<string, { killed: number; ended: number }>();
  readonly #folder: TempFolder;
  readonly #store: string;
  readonly #registry: ReturnType<typeof startSlipway>;
  readonly #address: string;
  /** Must be there. */
  readonly #named = new Set([KEPT]);
  /** Milliseconds that a command takes, as far as is known. */
  readonly #lengths = new Map<string, number>();

  private constructor(
    folder: TempFolder,
    server: { readonly registry: ReturnType<typeof startSlipway>; readonly address: string },
  ) {
    this.#folder = folder;
    this.#store = folder.at('store');
    this.#registry = server.registry;
    this.#address = server.address;
  }

  /** Another store with images, as an archive and behind a registry; the one to crash has one image. */
  static async prepare(folder: TempFolder): Promise<CrashSite> {
    const source = folder.at('source');
    const build = (name: string, rest: string) =>
      good(source, 'build', '-q', '-t', name, context(folder, name, rest));
    await build(KEPT, 'CMD ["echo", "kept"]\n');
    const registry = startSlipway(['registry', 'serve', '--addr', '127.0.0.1:0'], { root: source });
    const address = (await registry.firstLine).replace(/^.*http:\/\//, '');
    const pushed = `${address}/pulled:1`;
    await build(pushed, 'RUN head -c 3000000 /dev/urandom > /random\n');
    await good(source, 'push', pushed);
    await build('loaded:1', 'RUN head -c 4000000 /dev/urandom > /random\nCOPY marker /\n');
    await good(source, 'save', '-o', folder.at('loaded.tar'), 'loaded:1');
    await good(source, 'save', '-o', folder.at('kept.tar'), KEPT);
    const site = new CrashSite(folder, { registry, address });
    await good(folder.at('store'), 'load', '-i', folder.at('kept.tar'));
    mkdirSync(folder.at('out'));
    return site;
  }

  async close(): Promise<void> {
    this.#registry.kill('SIGKILL');
    await this.#registry.outcome;
  }

  pick(random: () => number, round: number): Operation {
    const pulled = `${this.#address}/pulled:1`;
    const built = `built:${round}`;
    const rest = `RUN echo ${round} > /n && head -c 2000000 /dev/urandom > /r\nCOPY marker /m\n`;
    const operations: readonly Operation[] = [
      { name: 'load', argv: ['load', '-i', this.#folder.at('loaded.tar')], adds: ['loaded:1'] },
      { name: 'save', argv: ['save', '-o', this.#folder.at('out', 'kept.tar'), KEPT] },
      { name: 'gc', argv: ['system', 'gc'] },
      { name: 'pull', argv: ['pull', '-q', pulled], adds: [pulled] },
      {
        name: 'build',
        argv: ['build', '-q', '-t', built, context(this.#folder, built, rest)],
        adds: [built],
      },
      { name: 'prune', argv: ['system', 'prune', '-f'] },
      { name: 'builder prune', argv: ['builder', 'prune', '-a', '-f'] },
      { name: 'rmi', argv: ['rmi', 'loaded:1'], removes: ['loaded:1'] },
      { name: 'rmi pulled', argv: ['rmi', pulled], removes: [pulled] },
      { name: 'check', argv: ['system', 'check', '--repair'] },
    ];
    const possible = operations.filter(({ removes = [] }) =>
      removes.every((name) => this.#named.has(name)),
    );
    const chosen = possible[Math.floor(random() * possible.length)];
    assert.ok(chosen);
    return chosen;
  }

  /** Kills it at a random moment of the life such a command has. */
  async play(operation: Operation, random: () => number): Promise<'killed' | 'ended'> {
    const length = this.#lengths.get(operation.name) ?? 1000;
    const delayMs = Math.min(DELAY_MAX_MS, random() * length * 1.1);
    const begin = performance.now();
    const running = startSlipway(operation.argv, { root: this.#store });
    const timer = new AbortController();
    const killing = sleep(delayMs, undefined, { signal: timer.signal }).then(
      () => running.kill('SIGKILL'),
      () => {},
    );
    const { exitCode, stderr } = await running.outcome;
    timer.abort();
    await killing;
    for (const name of operation.removes ?? []) this.#named.delete(name);
    if (exitCode === undefined) {
      // Perhaps it takes longer than was thought; the end of its life is to be hit, too.
      this.#lengths.set(operation.name, length * 1.2);
      return this.#count(operation, 'killed');
    }
    assert.equal(exitCode, 0, `slipway ${operation.argv.join(' ')}\n${stderr}`);
    this.#lengths.set(operation.name, performance.now() - begin);
    for (const name of operation.adds ?? []) this.#named.add(name);
    return this.#count(operation, 'ended');
  }

  #count({ name }: Operation, outcome: 'killed' | 'ended'): 'killed' | 'ended' {
    const { killed, ended } = this.counts.get(name) ?? { killed: 0, ended: 0 };
    this.counts.set(name, {
      killed: killed + (outcome === 'killed' ? 1 : 0),
      ended: ended + (outcome === 'ended' ? 1 : 0),
    });
    return outcome;
  }

  /** The store after a round. */
  async inspect(when: string): Promise<void> {
    const check = await slipway(['system', 'check'], { root: this.#store });
    assert.equal(check.exitCode, 0, `${when}\n${check.stdout}${check.stderr}`);
    assert.doesNotMatch(check.stdout, /^(?:problem|repairable|note): /m, when);
    assert.deepEqual(temporaryFiles(this.#store), [], when);
    const format = '{{.Repository}}:{{.Tag}}';
    const images = await good(this.#store, 'images', '--format', format);
    const there = new Set(images.split('\n'));
    assert.deepEqual(
      [...this.#named].filter((name) => !there.has(name)),
      [],
      when,
    );
    assert.equal(await good(this.#store, 'run', KEPT), 'kept\n', when);
    for (const name of readdirSync(this.#folder.at('out'))) {
      if (name !== 'kept.tar') continue;
      // Under its name an archive is whole.
      const other = this.#folder.at('other');
      await good(other, 'load', '-i', this.#folder.at('out', name));
      rmSync(other, { recursive: true });
    }
  }
}

function context(folder: TempFolder, name: string, rest: string): string {
  const path = folder.at(`context-${name.replaceAll(/[/:]/g, '-')}`);
  return writeContext(path, `${BUSYBOX_BASE}${rest}`, { marker: name });
}

async function good(root: string, ...argv: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await slipway(argv, { root });
  assert.equal(exitCode, 0, `slipway ${argv.join(' ')}\n${stderr}`);
  return stdout;
}

/** The same numbers for the same seed, from 0 to below 1 (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Markdown: how the rounds ended. */
export function crashTable(counts: CrashCounts): string {
  const rows = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  const sum = (key: 'killed' | 'ended') => rows.reduce((total, [, row]) => total + row[key], 0);
  return [
    '| command | killed | ended first |',
    '| --- | ---: | ---: |',
    ...rows.map(([name, { killed, ended }]) => `| ${name} | ${killed} | ${ended} |`),
    `| all | ${sum('killed')} | ${sum('ended')} |`,
  ].join('\n');
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { rounds: { type: 'string' }, seed: { type: 'string' } },
  });
  const rounds = Number(values.rounds ?? 100);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  console.log(`${rounds} rounds with seed ${seed}`);
  const counts = await crashRounds({ rounds, seed, log: (line) => console.log(line) });
  console.log(`\nclean after every round\n\n${crashTable(counts)}`);
}
