/**
 * kill -9 at random moments: one store, an operation a round (crash-operations.ts), its processes
 * killed somewhere in their lives. After each round `system check` must be clean, nothing may be left
 * over, and every image that was named by a command that ended well must be there.
 *
 *     npm run crash -- --rounds N --seed S
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { slipway, startSlipway } from '#test/helpers/cli-process.ts';
import { temporaryFiles } from '#test/helpers/fault-site.ts';
import { randomNumbers } from '#test/helpers/random-numbers.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import { type CrashMaterial, good, KEPT, prepareMaterial } from './crash-material.ts';
import {
  type CrashCommand,
  type CrashEnd,
  type CrashOperation,
  operationsOf,
} from './crash-operations.ts';

export interface CrashOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly log?: (line: string) => void;
}

/** How the rounds ended, by operation. */
export type CrashCounts = ReadonlyMap<string, { readonly killed: number; readonly ended: number }>;

/** Longer than this no round waits before it kills. */
const DELAY_MAX_MS = 5000;

/** Runs the rounds. @throws AssertionError with seed and round when the store is not as it should be */
export async function crashRounds({ rounds, seed, log }: CrashOptions): Promise<CrashCounts> {
  using folder = tempFolder();
  const random = randomNumbers(seed);
  const material = await prepareMaterial(folder);
  try {
    const site = new CrashSite(material, random);
    const progress = { next: 0 };
    for (let round = 1; round <= rounds; round += 1) {
      const possible = operationsOf(material, { round, named: site.named, random }, progress);
      const operation = possible[Math.floor(random() * possible.length)];
      assert.ok(operation);
      const when = `seed ${seed}, round ${round}: ${operation.name}`;
      await named(when, async () => {
        const end = await site.play(operation);
        log?.(`round ${round}: ${operation.name} ${end}`);
        await site.inspect();
      });
    }
    return site.counts;
  } finally {
    await material.close();
  }
}

/** Says in which round it failed. */
async function named(when: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new Error(when, { cause });
  }
}

class CrashSite {
  readonly counts = new Map<string, { killed: number; ended: number }>();
  /** Must be there. */
  readonly named = new Set([KEPT]);
  readonly #material: CrashMaterial;
  readonly #random: () => number;
  /** Milliseconds that an operation takes, as far as is known. */
  readonly #lengths = new Map<string, number>();

  constructor(material: CrashMaterial, random: () => number) {
    this.#material = material;
    this.#random = random;
  }

  /** Kills at random moments of the life such an operation has. */
  async play(operation: CrashOperation): Promise<CrashEnd> {
    await operation.before?.();
    const ends = operation.kill
      ? [await this.#killOther(operation, operation.kill)]
      : await Promise.all(operation.commands.map((command) => this.#kill(operation, command)));
    const end = ends.includes('killed') ? 'killed' : 'ended';
    this.#count(operation, end);
    for (const name of (await operation.after?.(end)) ?? []) this.named.add(name);
    return end;
  }

  async #kill(operation: CrashOperation, command: CrashCommand): Promise<CrashEnd> {
    const running = startSlipway(command.argv, { root: this.#material.store });
    const begin = performance.now();
    await this.#wait(operation, running.outcome);
    running.kill('SIGKILL');
    const { exitCode, stderr } = await running.outcome;
    for (const name of command.removes ?? []) this.named.delete(name);
    this.#learn(operation, exitCode === undefined ? undefined : performance.now() - begin);
    if (exitCode === undefined) return 'killed';
    assert.equal(exitCode, 0, `slipway ${command.argv.join(' ')}\n${stderr}`);
    for (const name of command.adds ?? []) this.named.add(name);
    return 'ended';
  }

  /** What the command works with dies: it says so, and works when that is back. */
  async #killOther(operation: CrashOperation, kill: () => Promise<void>): Promise<CrashEnd> {
    const { store, target } = this.#material;
    const [command] = operation.commands;
    assert.ok(command);
    const running = startSlipway(command.argv, { root: store });
    const begin = performance.now();
    await this.#wait(operation, running.outcome);
    const length = performance.now() - begin;
    await kill();
    const { exitCode, stderr } = await running.outcome;
    await target.startAgain();
    this.#learn(operation, exitCode === 0 ? length : undefined);
    if (exitCode === 0) return 'ended';
    assert.equal(exitCode, 1, stderr);
    assert.match(stderr, /^ERROR: /m);
    assert.doesNotMatch(stderr, /^ {4}at |internal error/m);
    return 'killed';
  }

  /** A part of the operation's life, or all of it. */
  async #wait(operation: CrashOperation, outcome: Promise<unknown>): Promise<void> {
    const delayMs = Math.min(
      DELAY_MAX_MS,
      this.#random() * (this.#lengths.get(operation.name) ?? 1000) * 1.1,
    );
    const timer = new AbortController();
    const timed = sleep(delayMs, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([timed, outcome]);
    timer.abort();
  }

  /** When it did not end, perhaps it takes longer than was thought; its end is to be hit, too. */
  #learn({ name }: CrashOperation, lengthMs: number | undefined): void {
    this.#lengths.set(name, lengthMs ?? (this.#lengths.get(name) ?? 1000) * 1.2);
  }

  #count({ name }: CrashOperation, end: CrashEnd): void {
    const { killed, ended } = this.counts.get(name) ?? { killed: 0, ended: 0 };
    this.counts.set(name, {
      killed: killed + (end === 'killed' ? 1 : 0),
      ended: ended + (end === 'ended' ? 1 : 0),
    });
  }

  /** The store after a round. */
  async inspect(): Promise<void> {
    const { store, folder } = this.#material;
    const check = await slipway(['system', 'check'], { root: store });
    assert.equal(check.exitCode, 0, `${check.stdout}${check.stderr}`);
    assert.doesNotMatch(check.stdout, /^(?:problem|repairable|note): /m);
    assert.deepEqual(temporaryFiles(store), []);
    assert.deepEqual(leasesIn(store), []);
    const format = '{{.Repository}}:{{.Tag}}';
    const images = await good(store, 'images', '--format', format);
    const there = new Set(images.split('\n'));
    assert.deepEqual(
      [...this.named].filter((name) => !there.has(name)),
      [],
    );
    assert.equal(await good(store, 'run', KEPT), 'kept\n');
    const last = [...this.named].at(-1) ?? KEPT;
    // Every layer of it is read and hashed on the way.
    await good(store, 'save', '-o', folder.at('last.tar'), last);
    rmSync(folder.at('last.tar'));
  }
}

/** Purposes of the leases; with nobody at work there must be none. */
function leasesIn(store: string): readonly unknown[] {
  const database = new DatabaseSync(join(store, 'metadata.db'), { readOnly: true });
  try {
    return database.prepare('SELECT purpose FROM leases').all();
  } finally {
    database.close();
  }
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
