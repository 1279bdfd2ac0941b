/** What follows the log of a failed build. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureTail } from '#cli/progress/failure.ts';
import { SlipwayError } from '#core/errors.ts';

const source = { name: 'Dockerfile', text: 'FROM a\n\nRUN \\\n  make\nCMD x\n' };
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
   2 |
   3 | >>> RUN \\
   4 | >>>   make
   5 |     CMD x
--------------------
`,
  );
});

test('several problems of one file are all told', () => {
  const diagnostic = (text: string, message: string): object => ({
    code: 'UnknownInstruction',
    severity: 'error',
    message,
    range: rangeOf(text),
  });
  const diagnostics = [diagnostic('FROM a', 'first'), diagnostic('CMD x', 'second')];
  const error = new SlipwayError('DOCKERFILE_INVALID', 'first', {
    detail: { source, range: rangeOf('FROM a'), diagnostics },
  });
  const tail = failureTail(error, undefined);
  assert.match(
    tail,
    /^Dockerfile:1\n[\s\S]*\nerror: first\n\nDockerfile:5\n[\s\S]*\nerror: second\n\n$/,
  );
  const alone = new SlipwayError('DOCKERFILE_INVALID', 'first', {
    detail: { source, range: rangeOf('FROM a'), diagnostics: diagnostics.slice(0, 1) },
  });
  assert.doesNotMatch(failureTail(alone, undefined), /error: first/);
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
