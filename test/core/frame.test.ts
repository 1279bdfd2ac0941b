/** The source frame, byte for byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDiagnostic, formatFrame } from '#core/frame.ts';

const file = { name: 'Dockerfile', text: 'FROM a\n\nRUN b\r\nCOPY\tc d\nRUN e\nRUN f\n' };

function rangeOf(part: string): { start: number; end: number } {
  const start = file.text.indexOf(part);
  return { start, end: start + part.length };
}

test('one line: two around it, carets under the exact place', () => {
  assert.equal(
    formatFrame(file, rangeOf('c d')),
    [
      'Dockerfile:4',
      '--------------------',
      '   2 |',
      '   3 |     RUN b',
      '   4 | >>> COPY\tc d',
      '     |         \t^^^',
      '   5 |     RUN e',
      '   6 |     RUN f',
      '--------------------',
    ].join('\n'),
  );
});

test('several lines: one around them, no carets', () => {
  assert.equal(
    formatFrame(file, rangeOf('COPY\tc d\nRUN e')),
    [
      'Dockerfile:4',
      '--------------------',
      '   3 |     RUN b',
      '   4 | >>> COPY\tc d',
      '   5 | >>> RUN e',
      '   6 |     RUN f',
      '--------------------',
    ].join('\n'),
  );
});

test('an empty place still gets a caret', () => {
  assert.equal(
    formatFrame({ name: 'x', text: '' }, { start: 0, end: 0 }),
    ['x:1', '--------------------', '   1 | >>>', '     |     ^', '--------------------'].join(
      '\n',
    ),
  );
});

test('a diagnostic says what, why and how to go on', () => {
  const text = formatDiagnostic(
    {
      code: 'X',
      severity: 'error',
      message: 'no such thing',
      range: rangeOf('RUN e'),
      reason: 'It was never there.',
      hint: 'Make it.',
      url: 'https://example.com/x',
    },
    file,
  );
  assert.deepEqual(text.split('\n').slice(-4), [
    'error: no such thing',
    'cause: It was never there.',
    'fix: Make it.',
    'see: https://example.com/x',
  ]);
});

test('a caret of its own stands within the marked lines', () => {
  const text = 'RUN a \\\n  $b\nCMD c';
  const file = { name: 'Dockerfile', text };
  const statement = { start: 0, end: text.indexOf('\nCMD') };
  assert.equal(
    formatFrame(file, statement, { start: 10, end: 12 }),
    `Dockerfile:1
--------------------
   1 | >>> RUN a \\
   2 | >>>   $b
     |       ^^
   3 |     CMD c
--------------------`,
  );
});

test('of very many lines those at the ends and around the caret are shown', () => {
  const text = Array.from({ length: 1000 }, (_, index) => `RUN ${index + 1}\n`).join('');
  const many = { name: 'f', text };
  const whole = { start: 0, end: text.length };
  const frame = formatFrame(many, whole).split('\n');
  assert.equal(frame.length, 104);
  assert.deepEqual(frame.slice(51, 54), [
    '  50 | >>> RUN 50',
    '     | >>> … 901 more lines …',
    ' 952 | >>> RUN 952',
  ]);
  assert.equal(frame.at(-2), ' 1001 |');
  const start = text.indexOf('RUN 500\n');
  assert.deepEqual(
    formatFrame(many, whole, { start, end: start + 3 })
      .split('\n')
      .slice(51, 60),
    [
      '  50 | >>> RUN 50',
      '     | >>> … 447 more lines …',
      ' 498 | >>> RUN 498',
      ' 499 | >>> RUN 499',
      ' 500 | >>> RUN 500',
      '     |     ^^^',
      ' 501 | >>> RUN 501',
      ' 502 | >>> RUN 502',
      '     | >>> … 449 more lines …',
    ],
  );
});

/** The marked line of a frame and the carets under it. */
function markedLine(text: string, part: string): readonly string[] {
  const start = text.indexOf(part);
  const frame = formatFrame({ name: 'f', text }, { start, end: start + part.length });
  const lines = frame.split('\n').slice(2, -1);
  return lines.map((line) => line.replace(/^.{11}/, ''));
}

test('a line of 400 columns is shown whole, of a longer one a part around the caret', () => {
  const fits = `${'a'.repeat(390)}HERE${'b'.repeat(6)}`;
  assert.deepEqual(markedLine(fits, 'HERE'), [fits, `${' '.repeat(390)}^^^^`]);
  const long = `${'a'.repeat(1000)}HERE${'b'.repeat(1000)}`;
  assert.deepEqual(markedLine(long, 'HERE'), [
    `…${'a'.repeat(100)}HERE${'b'.repeat(296)}…`,
    `${' '.repeat(101)}^^^^`,
  ]);
});

test('a cut line: at its start, at its end, carets as far as it is shown', () => {
  const start = `HERE${'b'.repeat(1000)}`;
  assert.deepEqual(markedLine(start, 'HERE'), [`HERE${'b'.repeat(396)}…`, '^^^^']);
  const end = `${'a'.repeat(1000)}HERE`;
  assert.deepEqual(markedLine(end, 'HERE'), [`…${'a'.repeat(396)}HERE`, `${' '.repeat(397)}^^^^`]);
  const endless = 'x'.repeat(10_000);
  assert.deepEqual(markedLine(endless, endless), [`${'x'.repeat(400)}…`, '^'.repeat(400)]);
});

test('a cut line keeps its tabs and breaks no character', () => {
  const text = `${'a'.repeat(1000)}\tHERE${'b'.repeat(295)}\u{1f433}${'b'.repeat(1000)}`;
  assert.deepEqual(markedLine(text, 'HERE'), [
    `…${'a'.repeat(99)}\tHERE${'b'.repeat(295)}\ufffd…`,
    `${' '.repeat(100)}\t^^^^`,
  ]);
});

test('lines around the marked one are cut at their end', () => {
  const text = `${'a'.repeat(500)}\nRUN\n`;
  const start = text.indexOf('RUN');
  const frame = formatFrame({ name: 'f', text }, { start, end: start + 3 });
  assert.equal(frame.split('\n')[2], `   1 |     ${'a'.repeat(400)}…`);
});
