/** Drawing in place: what is written to the terminal for a build, escapes and all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TerminalProgress } from '#cli/progress/terminal.ts';
import type { Event } from '#core/events.ts';

const begun: Event = { kind: 'vertex-started', vertex: 1, name: 'RUN make', atMs: 5 };
const done: Event = { kind: 'vertex-finished', vertex: 1, outcome: 'done', atMs: 405 };
const HIDE = '\x1b[?25l';
const END = '\x1b[J\x1b[?25h';

/** A terminal of twenty columns. The engine's clock is not the terminal's: it is 1000 behind. */
function terminal(rows = 24) {
  const at = { nowMs: 1005 };
  const written: string[] = [];
  const progress = new TerminalProgress({
    write: (text) => void (text !== '' && written.push(text)),
    size: () => ({ columns: 20, rows }),
    nowMs: () => at.nowMs,
    colour: false,
  });
  return { progress, at, written };
}

test('each frame is drawn over the one before; the last one stays', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { progress, at, written } = terminal();
  t.mock.timers.tick(100);
  assert.deepEqual(written, [], 'nothing to show yet');
  progress.sink(begun);
  at.nowMs += 300;
  t.mock.timers.tick(100);
  at.nowMs += 100;
  progress.sink(done);
  progress.finish();
  t.mock.timers.tick(1000);
  assert.deepEqual(written, [
    `${HIDE}\r[+] Building 0.3s (0\x1b[K\n => RUN make    0.3s\x1b[K\n${END}`,
    `${HIDE}\x1b[2A\r[+] Building 0.4s (1\x1b[K\n => RUN make    0.4s\x1b[K\n${END}`,
  ]);
});

test('never moves above the top of the window', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { progress, written } = terminal(4);
  for (let vertex = 1; vertex <= 9; vertex++) {
    progress.sink({ kind: 'vertex-started', vertex, name: `step ${vertex}`, atMs: 5 });
  }
  t.mock.timers.tick(100);
  assert.equal(written[0]?.split('\n').length, 4, 'three lines, the cursor below them');
  progress.finish();
  assert.ok(written[1]?.startsWith(`${HIDE}\x1b[3A\r`));
  assert.equal(written[1]?.split('\n').length, 11, 'all of them at the end');
});

test('notes come below the last frame', () => {
  const { progress, written } = terminal();
  progress.sink({ kind: 'note', level: 'warning', text: 'slow' });
  progress.sink({ kind: 'note', level: 'info', text: 'fine' });
  progress.finish();
  assert.deepEqual(written, ['WARNING: slow\nfine\n']);
});

test('the step that failed is told', () => {
  const { progress } = terminal();
  progress.sink(begun);
  assert.equal(progress.failed, undefined);
  progress.sink({ kind: 'vertex-finished', vertex: 1, outcome: 'error', atMs: 9 });
  progress.finish();
  assert.deepEqual(progress.failed, { name: 'RUN make', log: [] });
});
