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
