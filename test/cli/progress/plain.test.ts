/** The plain build log, to the character. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlainProgress } from '#cli/progress/plain.ts';
import { digestOf } from '#core/digest.ts';
import type { Event } from '#core/events.ts';

function show(...events: Event[]): { readonly text: string; readonly progress: PlainProgress } {
  let text = '';
  const progress = new PlainProgress((part) => {
    text += part;
  });
  for (const event of events) progress.sink(event);
  progress.finish();
  return { text, progress };
}

const started = (vertex: number, name: string, atMs = 0): Event => ({
  kind: 'vertex-started',
  vertex,
  name,
  atMs,
});
const log = (vertex: number, text: string | Uint8Array, atMs: number): Event => ({
  kind: 'vertex-log',
  vertex,
  stream: 'stdout',
  bytes: typeof text === 'string' ? Buffer.from(text) : text,
  atMs,
});
const finished = (
  vertex: number,
  outcome: 'done' | 'cached' | 'error' | 'cancelled',
  atMs: number,
  message?: string,
): Event => ({
  kind: 'vertex-finished',
  vertex,
  outcome,
  atMs,
  ...(message === undefined ? {} : { message }),
});

test('steps one after the other', () => {
  const { text, progress } = show(
    started(1, '[internal] load build definition from Dockerfile', 1000),
    {
      kind: 'vertex-status',
      vertex: 1,
      text: 'transferring dockerfile: 227B',
      done: true,
      atMs: 1,
    },
    finished(1, 'done', 1100),
    started(2, '[build 1/2] FROM docker.io/library/alpine', 1100),
    finished(2, 'cached', 1100),
    started(3, '[build 2/2] RUN make', 1200),
    log(3, 'one\ntwo\n', 1413),
    finished(3, 'done', 3250),
  );
  assert.equal(
    text,
    `#1 [internal] load build definition from Dockerfile
#1 transferring dockerfile: 227B done
#1 DONE 0.1s

#2 [build 1/2] FROM docker.io/library/alpine
#2 CACHED

#3 [build 2/2] RUN make
#3 0.213 one
#3 0.213 two
#3 DONE 2.0s
`,
  );
  assert.equal(progress.failed, undefined);
});

test('steps side by side: the one left is marked, and named again on return', () => {
  const { text } = show(
    started(1, 'a'),
    started(2, 'b'),
    log(1, 'x\n', 500),
    finished(2, 'cancelled', 600),
    finished(1, 'done', 700),
  );
  assert.equal(
    text,
    `#1 a
#1 ...

#2 b
#2 ...

#1 a
#1 0.500 x
#1 ...

#2 b
#2 CANCELED

#1 a
#1 DONE 0.7s
`,
  );
});

test('output is cut at lines, not at chunks or in the middle of a character', () => {
  const bytes = Buffer.from('grün\nlast');
  const { text } = show(
    started(1, 'a'),
    log(1, bytes.subarray(0, 3), 10),
    log(1, bytes.subarray(3), 20),
    finished(1, 'done', 30),
  );
  assert.equal(text, '#1 a\n#1 0.020 grün\n#1 0.030 last\n#1 DONE 0.0s\n');
});

test('a failing step is kept with the end of its output', () => {
  const { text, progress } = show(
    started(1, '[2/2] RUN make'),
    log(1, 'oops\n', 100),
    finished(1, 'error', 200, 'process "/bin/sh -c make" did not complete successfully'),
  );
  assert.equal(
    text,
    `#1 [2/2] RUN make
#1 0.100 oops
#1 ERROR: process "/bin/sh -c make" did not complete successfully
`,
  );
  assert.deepEqual(progress.failed, { name: '[2/2] RUN make', log: ['0.100 oops'] });
});

test('warnings are gathered below the log; errors are not, they end the build', () => {
  const file = { name: 'Dockerfile', text: 'FROM a\nCMD x\n' };
  const diagnostic = (severity: 'warning' | 'error'): Event => ({
    kind: 'diagnostic',
    file,
    diagnostic: {
      code: 'JSONArgsRecommended',
      severity,
      message: 'JSON arguments recommended for CMD',
      range: { start: 7, end: 12 },
    },
  });
  assert.equal(
    show(diagnostic('warning'), diagnostic('error')).text,
    `
 1 warning found (use --check to expand):
 - JSONArgsRecommended: JSON arguments recommended for CMD (line 2)
`,
  );
});

test('a blob that arrived and a note belong to the step on show', () => {
  const digest = digestOf('blob');
  const { text } = show(
    started(1, 'FROM a'),
    { kind: 'transfer', direction: 'pull', digest, state: 'transferring', current: 5, total: 1500 },
    { kind: 'transfer', direction: 'pull', digest, state: 'done', current: 1500, total: 1500 },
    { kind: 'note', level: 'warning', text: 'slow' },
    finished(1, 'done', 0),
    { kind: 'note', level: 'info', text: 'bye' },
  );
  assert.equal(
    text,
    `#1 FROM a\n#1 ${digest} 1.5kB / 1.5kB done\n#1 WARNING: slow\n#1 DONE 0.0s\nbye\n`,
  );
});

test('an event of a step that never began is left out', () => {
  assert.equal(show(log(9, 'x\n', 1)).text, '');
});
