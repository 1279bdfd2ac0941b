/**
 * The parser against what BuildKit itself says: its parse trees, its heredocs, its errors, and the
 * stages of real Dockerfiles. The data are read beside the checkout; absent there, tests skip.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import type { Diagnostic } from '#core/diagnostic.ts';
import { positionAt } from '#core/source.ts';
import type { CommandLine, Dockerfile, Heredoc, Instruction, Operand } from '#dockerfile/ast.ts';
import { refusalsOf } from '#dockerfile/lint/refusals.ts';
import { createSubject } from '#dockerfile/lint/subject.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { splitStages } from '#dockerfile/stages.ts';
import { hasSuites, readCases, readSuite, readSuiteText, suitePath } from '#test/helpers/suites.ts';

const SKIP = 'needs ../shared/suites';

function parse(text: string): Dockerfile {
  return parseDockerfile({ name: 'Dockerfile', text });
}

function errorsOf(parsed: Dockerfile): { message: string; line: number }[] {
  return parsed.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ message, range }) => ({ message, line: positionAt(parsed.file, range.start).line }));
}

/** A line of BuildKit's dump: `(copy "a" "b")`. Flags are left to our own tests. */
function dump(instruction: Instruction): string {
  const words = (operands: readonly Operand[]): string[] => operands.map(({ text }) => text);
  const command = (line: CommandLine): string[] => {
    if (line.form === 'exec') return words(line.args);
    return line.text.text === '' ? [] : [line.text.text];
  };
  const args = (): string[] => {
    switch (instruction.kind) {
      case 'from':
        return words([instruction.image]);
      case 'arg':
        return instruction.args.map(({ name, value }) =>
          value === undefined ? name.text : `${name.text}=${value.text}`,
        );
      case 'env':
      case 'label':
        return instruction.pairs.flatMap(({ key, value }) => [
          ...words([key, value]),
          instruction.legacy ? '' : '=',
        ]);
      case 'run':
      case 'cmd':
      case 'entrypoint':
        return command(instruction.command);
      case 'copy':
      case 'add':
        return words([...instruction.sources, instruction.destination]);
      case 'volume':
        return words(instruction.paths);
      case 'expose':
        return words(instruction.ports);
      case 'user':
        return words([instruction.user]);
      case 'workdir':
        return words([instruction.path]);
      case 'healthcheck':
        return instruction.command === undefined
          ? ['NONE']
          : ['CMD', ...command(instruction.command)];
      default:
        throw new Error(`the dumps hold no ${instruction.kind}`);
    }
  };
  if (instruction.kind === 'onbuild') return `(onbuild ${dump(triggered(instruction.trigger))})`;
  return `(${[instruction.kind, ...args().map(quoted)].join(' ')})`;
}

function triggered(trigger: Operand): Instruction {
  const [instruction] = parseDockerfile(
    { name: 'trigger', text: trigger.text },
    { fragment: true },
  ).instructions;
  assert.ok(instruction);
  return instruction;
}

/** Go's way to quote, as far as the dumps need it. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\\u0000', '\\x00');
}

/** What the tree keeps and the next step refuses: the dumps were taken before that step. */
const REFUSED_LATER: Readonly<Record<string, readonly string[]>> = {
  flags: [
    '(copy ["--user=me"] "foo" "/tmp/")',
    '(copy ["--doit=true"] "foo" "/tmp/")',
    '(copy ["--user=me" "--doit=true"] "foo" "/tmp/")',
    '(copy ["--doit=true"] "foo" "/tmp/")',
    '(cmd ["--doit"] "a" "b")',
    '(cmd ["--doit=true"] "a" "b")',
    '(cmd ["--doit"])',
  ],
  health: ['(healthcheck)', '(healthcheck "CMD")', '(healthcheck "CONNECT" "TCP 7000")'],
};

const NO_STAGE = 'no build stage in current context';

test('instructions agree with BuildKit’s parse trees', async (t) => {
  if (!hasSuites()) return t.skip(SKIP);
  const names = readdirSync(suitePath('dockerfile-parser', 'positive'));
  assert.equal(names.length, 33);
  for (const name of names) {
    await t.test(name, () => {
      const parsed = parse(readSuiteText('dockerfile-parser', 'positive', name, 'Dockerfile'));
      const lines = readSuiteText('dockerfile-parser', 'positive', name, 'result')
        .trim()
        .split('\n');
      const refused = REFUSED_LATER[name] ?? [];
      const errors = errorsOf(parsed).filter(({ message }) => message !== NO_STAGE);
      assert.equal(new Set(errors.map(({ line }) => line)).size, refused.length);
      const flagless = (line: string): string => line.replace(/^(\(\w+) \[[^\]]*\]/, '$1');
      const isRefused = (instruction: Instruction): boolean =>
        errors.some(({ line }) => line === positionAt(parsed.file, instruction.range.start).line);
      assert.deepEqual(
        parsed.instructions.filter((instruction) => !isRefused(instruction)).map(dump),
        lines.filter((line) => !refused.includes(line)).map(flagless),
      );
    });
  }
});

test('what BuildKit refuses is refused', async (t) => {
  if (!hasSuites()) return t.skip(SKIP);
  const names = readdirSync(suitePath('dockerfile-parser', 'negative'));
  assert.equal(names.length, 4);
  for (const name of names) {
    await t.test(name, () => {
      const parsed = parse(readSuiteText('dockerfile-parser', 'negative', name, 'Dockerfile'));
      assert.notDeepEqual(errorsOf(parsed), []);
    });
  }
});

test('instructions stand on BuildKit’s lines', (t) => {
  if (!hasSuites()) return t.skip(SKIP);
  const expected = readSuite<{ lines: readonly (readonly [number, number])[] }>(
    'dockerfile-parser',
    'line-numbers',
    'expect.json',
  );
  const { file, instructions } = parse(
    readSuiteText('dockerfile-parser', 'line-numbers', 'Dockerfile'),
  );
  assert.deepEqual(
    instructions.map(({ range }) => [
      positionAt(file, range.start).line,
      positionAt(file, range.end).line,
    ]),
    expected.lines,
  );
});

interface HeredocCase {
  readonly name: string;
  readonly content: string;
  readonly expand: boolean;
  readonly chomp: boolean;
  readonly fd: number;
}

test('heredocs agree with BuildKit’s', (t) => {
  if (!hasSuites()) return t.skip(SKIP);
  const [row] = readCases<{
    readonly dockerfile: string;
    readonly heredocs: readonly (readonly HeredocCase[])[];
  }>('heredocs.json');
  assert.ok(row);
  const parsed = parse(row.dockerfile);
  // The tree knows `INVALID` as a line of its own; only the step after it refuses that.
  assert.deepEqual(
    errorsOf(parsed).map(({ message }) => message),
    ['dockerfile parse error on line 8: unknown instruction: INVALID'],
  );
  const expected = row.heredocs.toSpliced(3, 1);
  const heredocsOf = (instruction: Instruction): readonly Heredoc[] =>
    'heredocs' in instruction ? instruction.heredocs : [];
  const found = parsed.instructions.slice(1).map(heredocsOf);
  assert.equal(row.heredocs.length, 27);
  assert.deepEqual(
    found.map((heredocs) =>
      heredocs.map(({ name, content, literal, chomp, descriptor }) => ({
        name,
        content,
        expand: !literal,
        chomp,
        fd: descriptor,
      })),
    ),
    expected.map((heredocs) =>
      heredocs.map((heredoc) => ({
        ...heredoc,
        content: heredoc.chomp ? heredoc.content.replace(/^\t+/gm, '') : heredoc.content,
      })),
    ),
  );
});

interface ErrorCase {
  readonly dockerfile: string;
  readonly ok?: true;
  readonly error?: string;
  readonly line?: number;
}

/** Found by the builder, which knows expanded operands and the context (test/build). */
const BUILDER: readonly (readonly [error: RegExp, reason: string])[] = [
  [/^invalid signal: /, 'STOPSIGNAL is expanded first'],
  [/arguments are required$/, 'an empty command is legal until it is run'],
  [/^invalid chmod parameter: /, '--chmod is expanded first'],
  [/^invalid syntax$/, '--chmod is expanded first'],
  [/^checksum requires HTTP/, 'sources are expanded first'],
  [/^source can't be a git ref for COPY$/, 'sources are expanded first'],
  [/^circular dependency detected on stage: /, 'stages are resolved by the planner'],
  [/^invalid stage index /, 'stages are resolved by the planner'],
];

/** Dockerfile 1.20 takes what the older observed one refused. */
const ACCEPTED_NOW = ['dockerfile parse error on line 2: unknown flag: --security'];

test('errors have BuildKit’s words and line', async (t) => {
  if (!hasSuites()) return t.skip(SKIP);
  const cases = readCases<ErrorCase>('instructions-errors.json');
  assert.equal(cases.length, 98);
  for (const row of cases) {
    await t.test(JSON.stringify(row.dockerfile), (inner) => {
      const parsed = parse(row.dockerfile);
      const errors = [...errorsOf(parsed), ...refusedIn(parsed)];
      const expected = row.error;
      if (expected === undefined || ACCEPTED_NOW.includes(expected)) {
        assert.deepEqual(errors, []);
        return;
      }
      const builder = BUILDER.find(([text]) => text.test(expected));
      if (builder !== undefined) {
        inner.diagnostic(`the builder's: ${builder[1]}`);
        assert.deepEqual(errors, []);
        return;
      }
      assert.equal(errors[0]?.message, expected);
      if (row.line !== undefined) assert.equal(errors[0]?.line, row.line);
    });
  }
});

/** What a check finds beyond the parser. */
function refusedIn(parsed: Dockerfile): { message: string; line: number }[] {
  return linesOf(parsed, refusalsOf(createSubject(parsed)));
}

/** The same without what only lacks a --build-arg. */
function mistakesIn(parsed: Dockerfile): { message: string; line: number }[] {
  const refusals = refusalsOf(createSubject(parsed));
  return linesOf(
    parsed,
    refusals.filter(({ hangsOnArguments }) => !hangsOnArguments),
  );
}

function linesOf({ file }: Dockerfile, diagnostics: readonly Diagnostic[]) {
  return diagnostics.map(({ message, range }) => ({
    message,
    line: positionAt(file, range.start).line,
  }));
}

interface RealDockerfile {
  readonly file: string;
  readonly stages: readonly {
    readonly name?: string;
    readonly base: string;
    readonly platform?: string;
    readonly line: number;
  }[];
}

test('real Dockerfiles have the stages BuildKit sees', async (t) => {
  if (!hasSuites()) return t.skip(SKIP);
  const index = readSuite<readonly RealDockerfile[]>('real-dockerfiles', 'index.json');
  assert.equal(index.length, 186);
  for (const row of index) {
    await t.test(row.file, () => {
      const parsed = parse(readSuiteText('real-dockerfiles', row.file));
      assert.deepEqual([...errorsOf(parsed), ...mistakesIn(parsed)], []);
      assert.deepEqual(
        splitStages(parsed).stages.map(({ from, name, base, platform }) => ({
          name,
          base: base.text,
          platform: platform?.text,
          line: positionAt(parsed.file, from.range.start).line,
        })),
        row.stages.map(({ name, base, platform, line }) => ({ name, base, platform, line })),
      );
    });
  }
});
