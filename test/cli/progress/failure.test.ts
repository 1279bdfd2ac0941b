/** What follows the log of a failed build. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureTail, sourceFrame } from '#cli/progress/failure.ts';
import { SlipwayError } from '#core/errors.ts';

const source = { name: 'Dockerfile', text: 'FROM a\n\nRUN \\\n  make\nCMD x\nUSER y\nUSER z\n' };
const rangeOf = (text: string): { start: number; end: number } => ({
  start: source.text.indexOf(text),
  end: source.text.indexOf(text) + text.length,
});

test('the log of the step, then the lines of the Dockerfile', () => {
  const error = new SlipwayError('RUN_FAILED', 'exit code: 2', {
    detail: { source, range: rangeOf('RUN \\\n  make') },
  });
  assert.equal(
    failureTail(error, { name: '[2/2] RUN make', log: ['0.1 a', '0.2 b'] }),
    `------
 > [2/2] RUN make:
0.1 a
0.2 b
------
Dockerfile:3
--------------------
   1 |     FROM a
   2 |     
   3 | >>> RUN \\
   4 | >>>   make
   5 |     CMD x
   6 |     USER y
--------------------
`,
  );
});

test('at the edges of the file', () => {
  assert.match(
    sourceFrame({ source, range: rangeOf('FROM a') }),
    /^Dockerfile:1\n-+\n {3}1 \| >>> /,
  );
  assert.match(sourceFrame({ source, range: rangeOf('USER z') }), / {3}7 \| >>> USER z\n-+\n$/);
});

test('the place may be on a cause', () => {
  const cause = new SlipwayError('SOURCE_MISSING', '"/x": not found', {
    detail: { source, range: rangeOf('CMD x') },
  });
  const error = new SlipwayError('INTERNAL', 'outer', { cause });
  assert.match(failureTail(error, undefined), /^Dockerfile:5\n/);
});

test('an error without a place has no frame', () => {
  assert.equal(failureTail(new Error('x'), undefined), '');
  const odd = new SlipwayError('INTERNAL', 'x', { detail: { source: 'Dockerfile', range: 3 } });
  assert.equal(failureTail(odd, undefined), '');
});
