/**
 * How the cost of a build grows: files of a COPY, steps, stages, layers below. Each size is built into
 * an empty store and then again, from the cache; the milliseconds for one more file, step, stage or
 * layer are printed, which must not grow with how many there are already.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure } from './measure.ts';
import { run, SLIPWAY } from './programs.ts';

const BASE = `FROM scratch
COPY busybox /bin/busybox
`;
const ROUNDS = 3;
const FILES_PER_FOLDER = 500;

interface Curve {
  /** What there are so many of. */
  readonly unit: string;
  readonly sizes: readonly number[];
  /** Fills the context's folder. */
  readonly make: (context: string, size: number) => void;
}

const CURVES: readonly Curve[] = [
  {
    unit: 'file',
    sizes: [1000, 10_000, 100_000],
    make: (context, size) => {
      for (let i = 0; i < size; i++) {
        const folder = join(context, 'src', String(Math.floor(i / FILES_PER_FOLDER)));
        if (i % FILES_PER_FOLDER === 0) mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, `file-${i}`), `${i}\n`);
      }
      dockerfile(context, ['FROM scratch', 'COPY src /src']);
    },
  },
  {
    unit: 'RUN step',
    sizes: [10, 100, 300],
    make: (context, size) => {
      const steps = numbers(size).map((i) => `RUN ["/bin/busybox", "touch", "/file-${i}"]`);
      dockerfile(context, [BASE, ...steps]);
    },
  },
  {
    unit: 'stage',
    sizes: [1, 10, 60],
    make: (context, size) => {
      const stages = numbers(size).map(
        (i) => `${BASE.replace('\n', ` AS stage-${i}\n`)}ENV N=${i}
RUN ["/bin/busybox", "touch", "/file-${i}"]`,
      );
      const copies = numbers(size).map((i) => `COPY --from=stage-${i} /file-${i} /`);
      dockerfile(context, [...stages, 'FROM scratch', ...copies]);
    },
  },
  {
    unit: 'layer',
    sizes: [5, 30, 120],
    make: (context, size) => {
      const layers = numbers(size).map((i) => {
        writeFileSync(join(context, `file-${i}`), `${i}\n`);
        return `COPY file-${i} /`;
      });
      dockerfile(context, [BASE, ...layers, 'RUN ["/bin/busybox", "true"]']);
    },
  },
];

export async function curves(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-curves-'));
  try {
    const parts: string[] = [];
    for (const curve of CURVES) parts.push(await curveTable(curve, folder));
    return parts.join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function curveTable({ unit, sizes, make }: Curve, folder: string): Promise<string> {
  const rows: string[] = [];
  let before: { readonly size: number; readonly first: number; readonly again: number } | undefined;
  for (const size of sizes) {
    const context = join(folder, 'context');
    rmSync(context, { recursive: true, force: true });
    mkdirSync(context);
    copyFileSync('/bin/busybox', join(context, 'busybox'));
    make(context, size);
    const now = { size, ...(await timesOf(context, join(folder, 'store'))) };
    rows.push(`| ${size} | ${cost(now, before, 'first')} | ${cost(now, before, 'again')} |`);
    before = now;
  }
  return [
    `| ${unit}s | first build, ms | each more | from the cache, ms | each more |`,
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

type Times = { readonly size: number; readonly first: number; readonly again: number };

function cost(now: Times, before: Times | undefined, which: 'first' | 'again'): string {
  const each = before && (now[which] - before[which]) / (now.size - before.size);
  return `${now[which].toFixed(0)} | ${each === undefined ? '' : each.toFixed(3)}`;
}

async function timesOf(
  context: string,
  store: string,
): Promise<{ readonly first: number; readonly again: number }> {
  const build = () => run(SLIPWAY, ['--root', store, 'build', '-q', '-t', 'curve', context]);
  const prepare = async (): Promise<void> => rmSync(store, { recursive: true, force: true });
  const [first] = await measure([{ name: 'first', prepare, run: build }], ROUNDS);
  const [again] = await measure([{ name: 'again', run: build }], ROUNDS);
  return { first: first?.medianMs ?? Number.NaN, again: again?.medianMs ?? Number.NaN };
}

function dockerfile(context: string, lines: readonly string[]): void {
  writeFileSync(join(context, 'Dockerfile'), `${lines.join('\n')}\n`);
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}
