/** Files made to be hard, or no Dockerfiles at all: an answer each, and a bounded one. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSlipwayError } from '#core/errors.ts';
import { MAX_DIAGNOSTICS } from '#dockerfile/diagnostic-limit.ts';
import { lint } from '#dockerfile/lint/engine.ts';
import { createSubject } from '#dockerfile/lint/subject.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { expandWord } from '#dockerfile/words.ts';

function problems(text: string): string[] {
  return parseDockerfile({ name: 'Dockerfile', text }).diagnostics.map(({ message }) => message);
}

const LONG = 'dockerfile line greater than max allowed size of 65535';

const small: readonly (readonly [name: string, text: string, found: readonly string[]])[] = [
  ['an empty file', '', ['the Dockerfile cannot be empty']],
  ['only comments', '# a\n# b\n', ['file with no instructions']],
  [
    'a NUL byte in an operand',
    'FROM a\nRUN \0\n',
    ['dockerfile parse error on line 2: a NUL byte in an instruction'],
  ],
  [
    'a NUL byte as instruction',
    'FROM a\n\0\n',
    ['dockerfile parse error on line 2: unknown instruction: \0'],
  ],
  ['an open heredoc', 'FROM a\nRUN <<EOF\nfoo\n', ['unterminated heredoc']],
  ['an open quote, which docker takes', 'FROM a\nENV a="b\n', []],
  ['a line of 10 MB', `FROM a\nRUN ${'x y '.repeat(2.5e6)}\n`, [LONG]],
  ['an ENV of 10 MB', `FROM a\nENV ${'x=y '.repeat(2.5e6)}\n`, [LONG]],
];

for (const [name, text, found] of small) {
  test(name, () => assert.deepEqual(problems(text), found));
}

test('10,000 stages are a Dockerfile', () => {
  const text = Array.from({ length: 10_000 }, (_, index) => `FROM a AS s${index}\n`).join('');
  assert.deepEqual(problems(text), []);
});

const UNREAD = 'too many errors: the file was not read further than here';

test('of 60,000 unknown instructions the first are shown', () => {
  const found = problems('COPPY a b\n'.repeat(60_000));
  assert.equal(found.length, MAX_DIAGNOSTICS + 1);
  assert.equal(
    found[0],
    'dockerfile parse error on line 1: unknown instruction: COPPY (did you mean COPY?)',
  );
  assert.equal(found.at(-1), UNREAD);
});

test('warnings without number hide no error', () => {
  const text = `FROM a\n${'RUN x \\\n\n y\n'.repeat(1500)}CPOY a b\n`;
  const { diagnostics } = parseDockerfile({ name: 'Dockerfile', text });
  const count = (severity: string): number =>
    diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
  assert.equal(count('warning'), MAX_DIAGNOSTICS + 1);
  assert.equal(count('error'), 1);
  assert.ok(diagnostics.some(({ code }) => code === 'UnknownInstruction'));
});

test('an error behind very many in one instruction is counted', () => {
  const flags = Array.from({ length: 1500 }, (_, index) => `--f${index}=x`).join(' ');
  const found = problems(`FROM a\nRUN ${flags} true\nCOPPY a b\n`);
  assert.deepEqual(found.slice(-2), ['500 more of severity error are not shown', UNREAD]);
});

test('a file that is given up before its FROM is not blamed for having none', () => {
  const found = problems(`${'ARG\n'.repeat(2000)}FROM a\n`);
  assert.deepEqual(found.slice(-2), [
    'dockerfile parse error on line 1000: ARG requires at least one argument',
    UNREAD,
  ]);
});

test('of 60,000 heredocs without an end each is told until there are too many', () => {
  const text = Array.from({ length: 60_000 }, (_, index) => `RUN <<E${index}\n`).join('');
  const found = problems(`FROM a\n${text}`);
  assert.equal(found.length, MAX_DIAGNOSTICS + 1);
  assert.equal(found[0], 'unterminated heredoc');
  assert.equal(found.at(-1), UNREAD);
});

test('a heredoc whose end is only above it has none; one behind a lost one has its own', () => {
  const text = 'FROM a\nRUN <<LOST\nRUN <<A\nA\nRUN <<A\nRUN <<-B\n\tB\nRUN <<B\n\tB\n';
  const { instructions, diagnostics } = parseDockerfile({ name: 'Dockerfile', text });
  const lines = diagnostics.map(({ range }) => text.slice(range.start, range.end));
  assert.deepEqual(lines, ['<<LOST', '<<A', '<<B']);
  const names = instructions.flatMap((one) => (one.kind === 'run' ? one.heredocs : []));
  assert.deepEqual(
    names.map(({ name }) => name),
    ['A', 'B'],
  );
});

test('a million continuation lines are one command, with its heredoc behind them all', () => {
  const text = `FROM a\nRUN ${'a \\\n'.repeat(1_000_000)} <<EOF\nb\nEOF\n`;
  const { instructions, diagnostics } = parseDockerfile({ name: 'Dockerfile', text });
  assert.deepEqual(diagnostics, []);
  const [, run] = instructions;
  assert.ok(run?.kind === 'run' && run.command.form === 'shell');
  assert.equal(run.command.text.text.length, 2_000_000 + 6);
  assert.deepEqual(
    run.heredocs.map(({ content }) => content),
    ['b\n'],
  );
});

for (const [name, instruction] of [
  ['COPY', `COPY ${'a \\\n'.repeat(200_000)} /b\n`],
  ['EXPOSE', `EXPOSE ${'80 \\\n'.repeat(200_000)} 81\n`],
  ['VOLUME', `VOLUME ${'/a \\\n'.repeat(200_000)} /b\n`],
  ['ENV', `ENV ${'a=b \\\n'.repeat(200_000)} c=d\n`],
] as const) {
  test(`200,000 operands of ${name}, parsed and linted`, () => {
    const dockerfile = parseDockerfile({ name: 'Dockerfile', text: `FROM a\n${instruction}` });
    assert.deepEqual(dockerfile.diagnostics, []);
    assert.deepEqual(lint(createSubject(dockerfile)), []);
  });
}

test('substitutions nested without end are refused', () => {
  const text = '${a:-'.repeat(9000) + '}'.repeat(9000);
  assert.throws(
    () => expandWord(text, { env: new Map() }),
    (error) => isSlipwayError(error, 'DOCKERFILE_INVALID') && /nested more/.test(error.message),
  );
});
