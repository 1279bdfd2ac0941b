/**
 * What does a Dockerfile cost to parse and lint: one of 200 lines and many real ones in a process
 * that is warm, and the command, started anew, over what Node itself costs?
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lint } from '#dockerfile/lint/engine.ts';
import { createSubject } from '#dockerfile/lint/subject.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { measure, type Timing, table } from './measure.ts';
import { run, SLIPWAY } from './programs.ts';

/** Real Dockerfiles of others, read where they are. */
const REAL = join(import.meta.dirname, '../../shared/suites/real-dockerfiles');

const LINES = 200;
const ROUNDS = 15;
/** Rounds before those that count: the compiler has seen the code by then. */
const WARM_UP = 30;

export async function lintDockerfiles(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  try {
    return [await inProcess(), await cold(folder)].join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function inProcess(): Promise<string> {
  const text = dockerfileOf(LINES);
  const real = realDockerfiles();
  for (let round = 0; round < WARM_UP; round++) check(text);
  const parsing = 'parse 200 lines';
  const timings = await measure(
    [
      { name: parsing, run: () => void parseDockerfile({ name: 'Dockerfile', text }) },
      { name: 'parse and lint 200 lines', run: () => check(text) },
    ],
    ROUNDS,
  );
  return `In one process, warm, all rules:\n\n${table(timings, parsing)}\n${await allReal(real)}\n`;
}

async function allReal(real: readonly string[]): Promise<string> {
  if (real.length === 0) return 'Skipped the real files: they are not beside the checkout.';
  const [all] = await measure([{ name: 'real', run: () => real.forEach(check) }]);
  const total = all?.medianMs ?? Number.NaN;
  const each = (total / real.length).toFixed(2);
  return `${real.length} real files: ${total.toFixed(0)} ms together, ${each} ms per file.`;
}

function check(text: string): void {
  lint(createSubject(parseDockerfile({ name: 'Dockerfile', text })), { profile: 'all' });
}

/** The command as the user starts it, for a file never seen and for one seen before. */
async function cold(folder: string): Promise<string> {
  const file = join(folder, 'Dockerfile');
  const root = join(folder, 'store');
  const lintFile = () => run(SLIPWAY, ['--root', root, 'lint', file]);
  writeFileSync(file, dockerfileOf(LINES));
  const timings = await measure(
    [
      { name: 'node -e 0', run: () => run(process.execPath, ['-e', '0']) },
      { name: 'slipway lint FILE', run: lintFile },
      {
        name: 'slipway lint FILE, never seen',
        prepare: () => rmSync(root, { recursive: true, force: true }),
        run: lintFile,
      },
    ],
    ROUNDS,
  );
  return [
    'Started anew, 200 lines:\n',
    table(timings, 'node -e 0'),
    `${overNode(timings)} ms more than Node for a file seen before.\n`,
  ].join('\n');
}

function overNode([node, command]: readonly Timing[]): string {
  return ((command?.medianMs ?? Number.NaN) - (node?.medianMs ?? Number.NaN)).toFixed(0);
}

function realDockerfiles(): readonly string[] {
  if (!existsSync(REAL)) return [];
  return readdirSync(REAL)
    .filter((name) => !name.endsWith('.json'))
    .map((name) => readFileSync(join(REAL, name), 'utf8'));
}

/** Stages of ten lines with what Dockerfiles usually hold. */
function dockerfileOf(lines: number): string {
  const stage = (index: number): readonly string[] => [
    `FROM example.org/base:1.${index} AS stage-${index}`,
    `ARG VERSION=${index}`,
    `ENV NAME="stage ${index}" VERSION=$VERSION`,
    'WORKDIR /src',
    'RUN --mount=type=cache,target=/var/cache/apk apk add --no-cache curl=8.9.1-r2 \\',
    '      git=2.45.2-r0 \\',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
    '  && curl -fsSL "https://files.example/${VERSION}.tar.gz" | tar -xz',
    'COPY --chown=1000:1000 package.json src /src/',
    'EXPOSE 8080/tcp',
    'CMD ["node", "server.js"]',
  ];
  const stages = Array.from({ length: lines / 10 }, (_, index) => stage(index));
  return `${stages.flat().join('\n')}\n`;
}
