/**
 * Builds that are stopped at random moments: Ctrl-C, SIGTERM, kill -9. The build after it takes from
 * the cache every step that was told as done, gives the layers of a build that nobody stopped, and
 * nothing is left over: no mount, process or temporary file.
 *
 *     npm run cancel -- --rounds N --seed S
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BUSYBOX_BASE, writeContext } from '#test/helpers/busybox-context.ts';
import { type CliOutcome, startSlipway } from '#test/helpers/cli-process.ts';
import { temporaryFiles } from '#test/helpers/fault-site.ts';
import { leaksSettled, type Places, traces } from '#test/helpers/leaks.ts';
import { randomNumbers } from '#test/helpers/random-numbers.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

export interface CancelOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly log?: (line: string) => void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGKILL'] as const;
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGKILL: undefined } as const;

/** Two stages at the same time; `ROUND` changes every key and no file. */
const DOCKERFILE = `${BUSYBOX_BASE.replace('FROM scratch', 'FROM scratch AS base')}
FROM base AS left
ARG ROUND
RUN head -c 3000000 /dev/zero > /left && echo one >> /left
RUN mkdir /many && for i in $(seq 300); do echo $i > /many/$i; done
FROM base AS right
ARG ROUND
RUN --mount=type=cache,target=/cache echo x >> /cache/x && echo right > /right
COPY files /files/
FROM base
ARG ROUND
COPY --from=left /left /many/1 /from/
COPY --from=right /right /files /from/
RUN cat /from/* > /all
WORKDIR /w
`;

/** How many of the rounds were stopped before they had ended. */
export async function cancelRounds({ rounds, seed, log }: CancelOptions): Promise<number> {
  using folder = tempFolder();
  const random = randomNumbers(seed);
  const places: Places = { roots: [folder.path], temporary: folder.at('tmp') };
  mkdirSync(places.temporary);
  const files = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`files/${i}`, `${i}\n`]));
  writeContext(folder.at('context'), DOCKERFILE, files);
  const before = traces(places);
  const site = { folder, before, places };
  const begin = performance.now();
  const reference = await layersOf(folder, await finished(folder, 0));
  let lengthMs = performance.now() - begin;
  let stopped = 0;
  for (let round = 1; round <= rounds; round += 1) {
    const signal = SIGNALS[Math.floor(random() * SIGNALS.length)] ?? 'SIGINT';
    const at = random() * lengthMs * 1.1;
    const when = `seed ${seed}, round ${round}: ${signal} after ${Math.round(at)} ms`;
    try {
      const isStopped = await playRound(site, { round, signal, at, reference });
      stopped += isStopped ? 1 : 0;
      // One that had ended by then tells that builds are faster now.
      lengthMs *= isStopped ? 1.05 : 0.8;
      log?.(`${when}: ${isStopped ? 'stopped' : 'had ended'}`);
    } catch (cause) {
      throw new Error(when, { cause });
    }
  }
  return stopped;
}

interface Site {
  readonly folder: TempFolder;
  readonly before: ReturnType<typeof traces>;
  readonly places: Places;
}

interface Round {
  readonly round: number;
  readonly signal: (typeof SIGNALS)[number];
  readonly at: number;
  readonly reference: string;
}

async function playRound(
  { folder, before, places }: Site,
  { round, signal, at, reference }: Round,
): Promise<boolean> {
  const running = start(folder, round);
  const timer = new AbortController();
  const timed = sleep(at, undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([timed, running.outcome]);
  timer.abort();
  running.kill(signal);
  const first = await running.outcome;
  const isStopped = first.exitCode !== 0;
  // Before its first line the program may not have begun to listen.
  const isUnborn = first.exitCode === undefined && first.stderr === '';
  if (isStopped && !isUnborn) assert.equal(first.exitCode, EXIT_CODES[signal], first.stderr);
  assert.doesNotMatch(first.stderr, /^ {4}at |internal error/m);
  assert.deepEqual(await leaksSettled(before, places), []);
  const again = await finished(folder, round);
  const cached = stepsThat('CACHED', again);
  for (const step of [...stepsThat('DONE', first), ...stepsThat('CACHED', first)]) {
    assert.ok(cached.has(step), `${step} is run again\n${first.stderr}\n${again.stderr}`);
  }
  assert.equal(await layersOf(folder, again), reference);
  assert.deepEqual(temporaryFiles(folder.at('store')), []);
  assert.deepEqual(await leaksSettled(before, places), []);
  return isStopped;
}

function start(folder: TempFolder, round: number): ReturnType<typeof startSlipway> {
  return startSlipway(
    [
      'build',
      '--progress=plain',
      '-t',
      'app',
      '--build-arg',
      `ROUND=${round}`,
      folder.at('context'),
    ],
    {
      root: folder.at('store'),
      temporary: folder.at('tmp'),
      environment: { SOURCE_DATE_EPOCH: '1700000000' },
    },
  );
}

async function finished(folder: TempFolder, round: number): Promise<CliOutcome> {
  const outcome = await start(folder, round).outcome;
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  return outcome;
}

/** Of steps that make a layer, by their names in the log. */
function stepsThat(end: 'DONE' | 'CACHED', { stderr }: CliOutcome): ReadonlySet<string> {
  const names = new Map<string, string>();
  for (const [, id = '', name = ''] of stderr.matchAll(/^#(\d+) (\[.* \d+\/\d+\] .*)$/gm)) {
    names.set(id, name);
  }
  const ends = [...stderr.matchAll(/^#(\d+) (DONE|CACHED)/gm)];
  return new Set(ends.flatMap(([, id = '', how]) => (how === end ? (names.get(id) ?? []) : [])));
}

async function layersOf(folder: TempFolder, { stderr }: CliOutcome): Promise<string> {
  const argv = ['inspect', '--format', '{{json .RootFS.Layers}}', 'app'];
  const { exitCode, stdout } = await startSlipway(argv, { root: folder.at('store') }).outcome;
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '50' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  });
  const options = { rounds: Number(values.rounds), seed: Number(values.seed) };
  const stopped = await cancelRounds({ ...options, log: (line) => console.log(line) });
  console.log(
    `seed ${options.seed}: ${stopped} of ${options.rounds} builds stopped, all as it should be`,
  );
}
