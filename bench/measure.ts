/** Timing by turns: every candidate once per round, so that a busy moment hits all of them. */
import { performance } from 'node:perf_hooks';

export interface Candidate {
  readonly name: string;
  readonly run: () => Promise<void> | void;
  /** Before each run, outside the time. */
  readonly prepare?: () => Promise<void> | void;
}

export interface Timing {
  readonly name: string;
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
}

/** One round that does not count, then the others. @throws what a candidate throws */
export async function measure(
  candidates: readonly Candidate[],
  rounds = 7,
): Promise<readonly Timing[]> {
  const times = new Map<string, number[]>(candidates.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const { name, run, prepare } of candidates) {
      await prepare?.();
      const begin = performance.now();
      await run();
      if (round > 0) times.get(name)?.push(performance.now() - begin);
    }
  }
  return candidates.map(({ name }) => summary(name, times.get(name) ?? []));
}

/** Median and spread of times that somebody else has taken. */
export function summary(name: string, times: readonly number[]): Timing {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return {
    name,
    medianMs: at(sorted.length >> 1),
    minMs: at(0),
    maxMs: at(sorted.length - 1),
  };
}

/** A Markdown table; the ratio is to the candidate named. */
export function table(timings: readonly Timing[], against: string): string {
  const base = timings.find(({ name }) => name === against)?.medianMs ?? Number.NaN;
  const rows = timings.map(
    ({ name, medianMs, minMs, maxMs }) =>
      `| ${name} | ${ms(medianMs)} | ${ms(minMs)} to ${ms(maxMs)} | ${(medianMs / base).toFixed(2)} |`,
  );
  return [
    `| | median ms | spread | to ${against} |`,
    '| --- | ---: | ---: | ---: |',
    ...rows,
    '',
  ].join('\n');
}

function ms(value: number): string {
  return value.toFixed(value < 100 ? 1 : 0);
}
