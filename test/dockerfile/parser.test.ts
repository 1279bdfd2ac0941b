/** Whole files: instructions with their places, fall-backs, line joining, and any text at all. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { positionAt, type Range } from '#core/source.ts';
import type { Dockerfile, Instruction } from '#dockerfile/ast.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';

function parse(text: string): Dockerfile {
  return parseDockerfile({ name: 'Dockerfile', text });
}

/** The one instruction of a text, which must be in order. */
function only(text: string): Instruction {
  const parsed = parseDockerfile({ name: 'Dockerfile', text }, { fragment: true });
  assert.deepEqual(
    parsed.diagnostics.map(({ message }) => message),
    [],
  );
  assert.equal(parsed.instructions.length, 1);
  const [instruction] = parsed.instructions;
  assert.ok(instruction);
  return instruction;
}

/** An instruction with its operands as plain text, without places. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ('text' in value && 'range' in value) return value.text;
  const entries = Object.entries(value).filter(
    ([name]) => !['range', 'keyword', 'source'].includes(name),
  );
  return Object.fromEntries(entries.map(([name, inner]) => [name, plain(inner)]));
}

const instructions: readonly (readonly [text: string, expected: object])[] = [
  ['FROM a', { kind: 'from', image: 'a' }],
  [
    'from --platform=$BUILDPLATFORM a:1 as Build',
    { kind: 'from', image: 'a:1', platform: '$BUILDPLATFORM', name: 'Build' },
  ],
  [
    'ARG a b= c="d e"',
    {
      kind: 'arg',
      args: [{ name: 'a' }, { name: 'b', value: '' }, { name: 'c', value: '"d e"' }],
    },
  ],
  [
    'ENV a=b c=d\\ e',
    {
      kind: 'env',
      legacy: false,
      pairs: [
        { key: 'a', value: 'b' },
        { key: 'c', value: 'd\\ e' },
      ],
    },
  ],
  ['ENV a  b c ', { kind: 'env', legacy: true, pairs: [{ key: 'a', value: 'b c' }] }],
  ['LABEL "a b"="c"', { kind: 'label', legacy: false, pairs: [{ key: '"a b"', value: '"c"' }] }],
  ['MAINTAINER Me <me@x>', { kind: 'maintainer', author: 'Me <me@x>' }],
  [
    'RUN make   all',
    {
      kind: 'run',
      command: { form: 'shell', text: 'make   all' },
      heredocs: [],
      mounts: [],
      device: [],
    },
  ],
  [
    'RUN --mount=type=cache,target="/c d" --mount=target=x --network=none --security=sandbox ["e", "\\u0041"]',
    {
      kind: 'run',
      command: { form: 'exec', args: ['e', 'A'] },
      heredocs: [],
      mounts: ['type=cache,target=/c d', 'target=x'],
      network: 'none',
      security: 'sandbox',
      device: [],
    },
  ],
  [
    'RUN',
    {
      kind: 'run',
      command: { form: 'shell', text: '' },
      heredocs: [],
      mounts: [],
      device: [],
    },
  ],
  ['CMD []', { kind: 'cmd', command: { form: 'exec', args: [] } }],
  ['CMD', { kind: 'cmd', command: { form: 'shell', text: '' } }],
  ["ENTRYPOINT ['a']", { kind: 'entrypoint', command: { form: 'shell', text: "['a']" } }],
  [
    'COPY --from=a --chown=1:2 --chmod=u=rw --link --parents --exclude=x --exclude=y b c/ d/',
    {
      kind: 'copy',
      sources: ['b', 'c/'],
      heredocs: [],
      destination: 'd/',
      from: 'a',
      chown: '1:2',
      chmod: 'u=rw',
      link: true,
      parents: true,
      exclude: ['x', 'y'],
    },
  ],
  [
    'ADD --checksum=sha256:a --keep-git-dir=true --unpack=FALSE ["a b", "c"]',
    {
      kind: 'add',
      sources: ['a b'],
      heredocs: [],
      destination: 'c',
      checksum: 'sha256:a',
      keepGitDir: true,
      unpack: false,
      link: false,
      exclude: [],
    },
  ],
  ['WORKDIR a b', { kind: 'workdir', path: 'a b' }],
  ['USER a:b', { kind: 'user', user: 'a:b' }],
  ['EXPOSE 80 53/udp', { kind: 'expose', ports: ['80', '53/udp'] }],
  ['VOLUME ["/a b"]', { kind: 'volume', paths: ['/a b'] }],
  ['VOLUME /a /b', { kind: 'volume', paths: ['/a', '/b'] }],
  ['ONBUILD  copy --from=x  a b', { kind: 'onbuild', trigger: 'copy --from=x  a b' }],
  ['STOPSIGNAL SIGTERM', { kind: 'stopsignal', signal: 'SIGTERM' }],
  ['SHELL ["a", "-c"]', { kind: 'shell', args: ['a', '-c'] }],
  ['HEALTHCHECK NONE', { kind: 'healthcheck' }],
  [
    'HEALTHCHECK --interval=1m --timeout=2s --start-period=0s --start-interval=1s --retries=3 cmd a b',
    {
      kind: 'healthcheck',
      command: { form: 'shell', text: 'a b' },
      interval: '1m',
      timeout: '2s',
      startPeriod: '0s',
      startInterval: '1s',
      retries: '3',
    },
  ],
  [
    'RUN cat <<-"A" 3<<B > x\n\ta $x\n\tA\nb\n\nB\n',
    {
      kind: 'run',
      command: { form: 'shell', text: 'cat <<-"A" 3<<B > x' },
      heredocs: [
        { name: 'A', literal: true, chomp: true, descriptor: 0, content: 'a $x\n' },
        { name: 'B', literal: false, chomp: false, descriptor: 3, content: 'b\n\n' },
      ],
      mounts: [],
      device: [],
    },
  ],
  [
    'COPY a <<B c\nb\r\nB\n',
    {
      kind: 'copy',
      sources: ['a'],
      heredocs: [{ name: 'B', literal: false, chomp: false, descriptor: 0, content: 'b\r\n' }],
      destination: 'c',
      link: false,
      parents: false,
      exclude: [],
    },
  ],
  ['ONBUILD COPY <<-X /y\n\tbody\n\tX', { kind: 'onbuild', trigger: 'COPY <<-X /y\n\tbody\n\tX' }],
];

for (const [text, expected] of instructions) {
  test(`${text.split('\n')[0]} has its operands`, () => {
    assert.deepEqual(plain(only(text)), expected);
  });
}

test('every operand has the place it came from', () => {
  const text = 'FROM x\nCOPY --from=a b \\\n# comment\n\n  c\n';
  const { instructions: found } = parse(text);
  const copy = found[1];
  assert.ok(copy?.kind === 'copy' && copy.from !== undefined);
  const cut = ({ start, end }: Range): string => text.slice(start, end);
  assert.equal(cut(copy.keyword.range), 'COPY');
  assert.equal(cut(copy.from.range), 'a');
  assert.deepEqual(
    copy.sources.map(({ range }) => cut(range)),
    ['b'],
  );
  assert.equal(cut(copy.destination.range), 'c');
  assert.equal(cut(copy.range), text.slice(7, -1));
});

test('an instruction reaches to the end of its last heredoc', () => {
  const text = 'RUN <<A\nx\nA\n';
  assert.deepEqual(only(text).range, { start: 0, end: text.length - 1 });
});

const sources: readonly (readonly [what: string, text: string, source: string])[] = [
  ['blanks inside stay', 'RUN make   all  ', 'RUN make   all'],
  ['the keyword is in upper case', 'run a', 'RUN a'],
  ['continuations are joined as docker does', 'RUN a \\\n    && b\\\nc', 'RUN a     && bc'],
  ['comments are dropped', 'RUN a \\\n  # no\n  b', 'RUN a   b'],
  ['flags are kept', 'RUN --network=none a', 'RUN --network=none a'],
  ['heredoc bodies are left out', 'RUN <<A\nx\nA', 'RUN <<A'],
  ['a doubled escape continues nothing', 'ENV a b\\\\', 'ENV a b\\\\'],
];

for (const [what, text, source] of sources) {
  test(`source: ${what}`, () => assert.equal(only(text).source, source));
}

test('a byte order mark and Windows line ends change nothing', () => {
  const { instructions: found, diagnostics } = parse('\uFEFFFROM a\r\nRUN b \\\r\n  c\r\n');
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(
    found.map(({ source }) => source),
    ['FROM a', 'RUN b   c'],
  );
});

test('the escape directive changes continuations and assignment words', () => {
  const { instructions: found, directives } = parse('# escape=`\nFROM a\nENV a=b` c `\n d=\\e\n');
  assert.equal(directives.escape, '`');
  assert.deepEqual(plain(found[1]), {
    kind: 'env',
    legacy: false,
    pairs: [
      { key: 'a', value: 'b` c' },
      { key: 'd', value: '\\e' },
    ],
  });
});

test('one error never hides the next, and what is right is kept', () => {
  const {
    instructions: found,
    diagnostics,
    file,
  } = parse('FROM a\nRUNN b\nCOPY c\nRUN <<X\nlost\nENV d\nEXPOSE\nUSER e\n');
  assert.deepEqual(
    diagnostics.map(({ range, message }) => [positionAt(file, range.start).line, message]),
    [
      [2, 'dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)'],
      [
        3,
        'dockerfile parse error on line 3: COPY requires at least two arguments, but only one was provided. Destination could not be determined',
      ],
      [4, 'unterminated heredoc'],
      [6, 'ENV must have two arguments'],
      [7, 'dockerfile parse error on line 7: EXPOSE requires at least one argument'],
    ],
  );
  assert.deepEqual(
    found.map(({ kind }) => kind),
    ['from', 'run', 'user'],
  );
});

const refused: readonly (readonly [text: string, message: string, at: string])[] = [
  [
    'FROM a AS 1',
    'invalid name for build stage: "1", name can\'t start with a number or contain symbols',
    '1',
  ],
  ['FROM a b c', 'FROM requires either one or three arguments', 'b'],
  ['FROM x\nSHELL a', 'SHELL requires the arguments to be in JSON form', 'SHELL a'],
  ['FROM x\nHEALTHCHECK', 'HEALTHCHECK requires at least one argument', 'HEALTHCHECK'],
  ['FROM x\nHEALTHCHECK NONE a', 'HEALTHCHECK NONE takes no arguments', 'HEALTHCHECK NONE a'],
  ['FROM x\nHEALTHCHECK TCP 1', 'Unknown type "TCP" in HEALTHCHECK (try CMD)', 'TCP'],
  ['FROM x\nHEALTHCHECK --timeout=1x CMD a', 'time: unknown unit "x" in duration "1x"', '1x'],
  ['FROM x\nHEALTHCHECK --retries=a CMD a', 'strconv.ParseInt: parsing "a": invalid syntax', 'a'],
  ['FROM x\nHEALTHCHECK --retries=-2 CMD a', '--retries cannot be negative (-2)', '-2'],
  ['FROM x\nRUN --security=no a', 'security "no" is not valid', 'no'],
  ['FROM x\nWORKDIR --a b', 'unknown flag: --a', '--a'],
  [
    'FROM x\nONBUILD ONBUILD RUN a',
    "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
    'ONBUILD',
  ],
];

for (const [text, message, at] of refused) {
  test(`${text.split('\n').at(-1)} is refused at its place`, () => {
    const { diagnostics } = parse(text);
    assert.equal(diagnostics.length, 1);
    const [problem] = diagnostics;
    assert.ok(problem);
    const line = text.split('\n').length;
    assert.equal(problem.message, `dockerfile parse error on line ${line}: ${message}`);
    assert.equal(text.slice(problem.range.start, problem.range.end), at);
    assert.notEqual(problem.hint, undefined);
  });
}

test('what stands behind ONBUILD is checked for syntax only', () => {
  assert.deepEqual(parse('FROM a\nONBUILD foo\nONBUILD COPY a').diagnostics, []);
  const { diagnostics } = parse('FROM a\nONBUILD ENV b');
  assert.deepEqual(
    diagnostics.map(({ message }) => message),
    ['ENV must have two arguments'],
  );
});

test('a flag without effect is a warning', () => {
  const { diagnostics } = parse('ARG --x=1 a\nFROM b');
  assert.deepEqual(
    diagnostics.map(({ severity, code }) => [severity, code]),
    [['warning', 'FlagIgnored']],
  );
});

test('a blank line inside an instruction is a warning', () => {
  const { diagnostics } = parse('FROM a\nRUN b \\\n\n  c');
  assert.deepEqual(
    diagnostics.map(({ severity, message }) => [severity, message]),
    [['warning', 'Empty continuation line found in: RUN b   c']],
  );
});

test('a line beyond the limit is refused', () => {
  const { diagnostics } = parse(`FROM a\nRUN ${'x'.repeat(65_532)}\nRUN b`);
  assert.deepEqual(
    diagnostics.map(({ code, message }) => [code, message]),
    [['LineTooLong', 'dockerfile line greater than max allowed size of 65535']],
  );
  assert.deepEqual(parse(`FROM a\nRUN ${'x'.repeat(65_531)}`).diagnostics, []);
});

test('only ARG without FROM is no stage', () => {
  assert.deepEqual(
    parse('ARG a').diagnostics.map(({ message }) => message),
    ['dockerfile contains no stages to build'],
  );
});

function rangesOf(value: unknown): Range[] {
  if (typeof value !== 'object' || value === null) return [];
  const own =
    'start' in value &&
    'end' in value &&
    typeof value.start === 'number' &&
    typeof value.end === 'number'
      ? [{ start: value.start, end: value.end }]
      : [];
  return [...own, ...Object.values(value).flatMap(rangesOf)];
}

function assertPlaces(text: string): void {
  const { instructions: found, diagnostics } = parse(text);
  for (const { start, end } of rangesOf([found, diagnostics])) {
    assert.ok(
      start >= 0 && start <= end && end <= text.length,
      `${start}-${end} of ${text.length}`,
    );
  }
}

const piece = fc.constantFrom(
  ...[
    'FROM ',
    'RUN ',
    'COPY ',
    'ENV ',
    'ARG ',
    'CMD ',
    'ONBUILD ',
    'HEALTHCHECK ',
    'SHELL ',
    'add',
  ],
  ...[
    '--x=',
    '--from',
    '--',
    '<<A',
    '<<-',
    'A',
    '["a"',
    '["a"]',
    '[1,',
    ']',
    '=',
    'a',
    'AS',
    '"',
    "'",
  ],
  ...[
    '\\',
    '`',
    ' ',
    '\t',
    '\n',
    '\r\n',
    '#',
    '# escape=`\n',
    '$',
    '${',
    '}',
    '\u00a0',
    '😀',
    '\uFEFF',
  ],
);

test('any text is parsed without an exception, and every place is inside it', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), assertPlaces), { numRuns: 500 });
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
      assertPlaces,
    ),
    { numRuns: 3000 },
  );
});

for (const [word, message] of [
  [
    "<<'a b'",
    `failed to process "<<'a": unexpected end of statement while looking for matching single-quote`,
  ],
  [
    '<<"a b"',
    'failed to process "<<\\"a": unexpected end of statement while looking for matching double-quote',
  ],
  [
    "<< 'a b'",
    `failed to process "'a": unexpected end of statement while looking for matching single-quote`,
  ],
  ['<< "a"', 'COPY finds no file <<'],
] as const) {
  test(`COPY ends words at blanks, also in a heredoc: ${word}`, () => {
    const name = word.replace(/^<< ?|["']/g, '').replace(/["']$/, '');
    const text = `FROM a\nCOPY ${word} /f\nhello\n${name}\nRUN ${word} cat\n${name}\n`;
    const { diagnostics } = parseDockerfile({ name: 'Dockerfile', text });
    assert.deepEqual(
      diagnostics.map((one) => [one.message, text.slice(one.range.start, one.range.end)]),
      [[message, word]],
    );
  });
}
