/** What is kept of a build's events. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BuildBoard } from '#cli/progress/build-board.ts';
import { digestOf } from '#core/digest.ts';
import type { Event } from '#core/events.ts';

function boardOf(...events: readonly Event[]): BuildBoard {
  const board = new BuildBoard();
  for (const event of events) board.add(event);
  return board;
}

const begun: Event = { kind: 'vertex-started', vertex: 1, name: 'RUN make', atMs: 1000 };
const log = (text: string, atMs: number): Event => ({
  kind: 'vertex-log',
  vertex: 1,
  stream: 'stderr',
  bytes: Buffer.from(text),
  atMs,
});
const failed: Event = { kind: 'vertex-finished', vertex: 1, outcome: 'error', atMs: 2000 };

test('a failed step keeps all its output, with the seconds of each line', () => {
  assert.deepEqual(boardOf(begun, log('one\ntw', 1100), log('o', 1200), failed).failed, {
    name: 'RUN make',
    log: ['0.100 one', '1.000 two'],
  });
  assert.equal(boardOf(begun).failed, undefined);
});

test('of endless output the last ten thousand lines', () => {
  const lines = Array.from({ length: 10_003 }, (_, i) => `${i}\n`).join('');
  const kept = boardOf(begun, log(lines, 1000), failed).failed?.log ?? [];
  assert.deepEqual([kept.length, kept[0], kept.at(-1)], [10_000, '0.000 3', '0.000 10002']);
});

test('an event of a step that never began is left out', () => {
  assert.deepEqual(boardOf(log('x\n', 0), failed).steps, []);
});

test('a blob without a running step is left out', () => {
  const { steps } = boardOf(begun, failed, {
    kind: 'transfer',
    direction: 'pull',
    digest: digestOf('layer'),
    state: 'done',
    current: 1,
  });
  assert.equal(steps[0]?.transfers.size, 0);
});

test('notes are kept in order', () => {
  const note: Event = { kind: 'note', level: 'warning', text: 'slow' };
  assert.deepEqual(boardOf(note).notes, [note]);
});
