/**
 * Random and mutated Dockerfiles through parser, lint and fix: whatever the text, there are only
 * diagnostics, their places lie within it, and no step takes long. A failing text is made small and
 * printed with its seed.
 *
 *     npm run fuzz -- --seed N --seconds S
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { lint } from '#dockerfile/lint/engine.ts';
import { fixAll } from '#dockerfile/lint/fix.ts';
import { createSubject } from '#dockerfile/lint/subject.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { hasSuites, readSuiteText, suitePath } from '#test/helpers/suites.ts';
import { goldenCases, readGolden } from '../../bin/golden.ts';

/** Beyond this a mutation is cut: hangs show on short texts too. */
const TEXT_MAX = 16_384;

/** For one text, all steps together; a hundred times what the longest takes on a busy machine. */
const HANG_MS = 10_000;

const PLATFORM = { os: 'linux', architecture: 'amd64' };

const FRAGMENTS: readonly string[] = [
  ...'FROM,RUN,COPY,ADD,ENV,ARG,LABEL,CMD,ENTRYPOINT,ONBUILD,SHELL,HEALTHCHECK,EXPOSE'.split(','),
  ...'VOLUME,USER,WORKDIR,STOPSIGNAL,MAINTAINER, AS ,NONE,scratch,a,=,:,/,.,-,--,[,],{,}'.split(
    ',',
  ),
  ...[',', '"', "'", '\\', '`', '$', '${', '${a:-', '${a/', '##', '%%', '*', '?', '!', ';', '&&'],
  ...['|', '(', ')', '<<', '<<-', '<<EOF', "<<'EOF'", '\nEOF\n', '\n', '\r\n', ' ', '\t', '\\\n'],
  ...['# ', '# escape=`\n', '# check=skip=all\n', '# hadolint ignore=DL3006\n', '["a", "b"]'],
  ...[' --from=', ' --mount=type=cache,target=', ' --chmod=', ' --interval=', '\0', '\u{FEFF}'],
  ...['é', '\u{1F600}', '\u{D800}', '\u{2028}', '\u{A0}', '\v', 'apt-get install ', 'cd ', 'sudo '],
];

/** The same numbers for the same seed, everywhere (xorshift32). */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  }

  /** From 0 to below `limit`. */
  below(limit: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state % Math.max(1, limit);
  }

  pick(from: readonly string[]): string {
    return from[this.below(from.length)] ?? '';
  }
}

/** What to mutate: our cases, and the real Dockerfiles where they are. */
function corpus(): readonly string[] {
  const ours = goldenCases().map((name) => readGolden(name, 'Dockerfile'));
  if (!hasSuites()) return ours;
  const folder = 'real-dockerfiles';
  const real = readdirSync(suitePath(folder)).sort();
  return [...ours, ...real.map((name) => readSuiteText(folder, name))];
}

/** The texts of a seed, without end; others where the corpus is another. */
export function* fuzzTexts(seed: number): Generator<string> {
  const random = new Random(seed);
  const texts = corpus();
  for (;;) yield nextText(random, texts);
}

function nextText(random: Random, texts: readonly string[]): string {
  if (random.below(4) === 0) {
    const count = random.below(60);
    return Array.from({ length: count }, () => random.pick(FRAGMENTS)).join('');
  }
  let text = random.pick(texts);
  for (let changes = random.below(8) + 1; changes > 0; changes--) {
    text = mutated(text, random, texts);
  }
  return text.slice(0, TEXT_MAX);
}

function mutated(text: string, random: Random, texts: readonly string[]): string {
  const at = random.below(text.length + 1);
  const to = Math.min(text.length, at + random.below(40));
  switch (random.below(5)) {
    case 0:
      return text.slice(0, at) + text.slice(to);
    case 1:
      return text.slice(0, at) + random.pick(FRAGMENTS) + text.slice(at);
    case 2:
      return text.slice(0, at) + random.pick(FRAGMENTS) + text.slice(to);
    case 3:
      return text.slice(0, to) + text.slice(at, to).repeat(random.below(50)) + text.slice(to);
    default: {
      const other = random.pick(texts);
      return text.slice(0, at) + other.slice(random.below(other.length));
    }
  }
}

/** What is wrong with how this text is treated; undefined when nothing is. No limit: no time. */
export function problemWith(text: string, limitMs = Infinity): string | undefined {
  const begin = performance.now();
  try {
    const { remaining } = fixAll(text, checked);
    for (const { finding } of remaining) assert.ok(finding.message !== '');
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const took = performance.now() - begin;
  return took > limitMs ? `took ${took.toFixed(0)} ms` : undefined;
}

function checked(text: string) {
  const dockerfile = parseDockerfile({ name: 'Dockerfile', text });
  const subject = createSubject(dockerfile, { platforms: { build: PLATFORM, target: PLATFORM } });
  const reported = lint(subject, { profile: 'all', experimental: 'all' });
  const places = [...dockerfile.diagnostics, ...reported.map(({ finding }) => finding)];
  for (const { range, message } of places) {
    const isWithin = 0 <= range.start && range.start <= range.end && range.end <= text.length;
    assert.ok(isWithin, `${message}: ${range.start} to ${range.end} of ${text.length}`);
  }
  return reported;
}

/** Leaves out ever smaller parts as long as the text still fails. */
export function shrink(text: string, isFailing: (text: string) => boolean): string {
  let small = text;
  for (let size = text.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < small.length; ) {
      const shorter = small.slice(0, at) + small.slice(at + size);
      if (isFailing(shorter)) small = shorter;
      else at += size;
    }
  }
  return small;
}

export interface FuzzResult {
  /** Texts tried. */
  readonly count: number;
  readonly failure?: { readonly text: string; readonly problem: string };
}

/** Tries texts until one fails, `count` are done or the time is over. */
export function fuzz(options: {
  readonly seed: number;
  readonly count?: number;
  readonly seconds?: number;
  /** What takes longer has failed. */
  readonly limitMs?: number;
}): FuzzResult {
  const { seed, count = Infinity, seconds = Infinity, limitMs = Infinity } = options;
  const problem = (text: string) => problemWith(text, limitMs);
  const end = performance.now() + seconds * 1000;
  let done = 0;
  for (const text of fuzzTexts(seed)) {
    if (done >= count || performance.now() >= end) break;
    done++;
    if (problem(text) === undefined) continue;
    const small = shrink(text, (shorter) => problem(shorter) !== undefined);
    return { count: done, failure: { text: small, problem: problem(small) ?? 'not again' } };
  }
  return { count: done };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { seed: { type: 'string' }, seconds: { type: 'string', default: '60' } },
  });
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  console.log(`seed ${seed}`);
  const { count, failure } = fuzz({ seed, seconds: Number(values.seconds), limitMs: HANG_MS });
  console.log(`${count} texts`);
  if (failure !== undefined) {
    console.log(`${JSON.stringify(failure.text)}\n${failure.problem}`);
    process.exitCode = 1;
  }
}
