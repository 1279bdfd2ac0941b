/** The terminal display of a build, to the character: events and a time in, lines out. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BuildBoard } from '#cli/progress/build-board.ts';
import { type ScreenView, screenLines } from '#cli/progress/build-screen.ts';
import { digestOf } from '#core/digest.ts';
import type { Event, VertexEvent } from '#core/events.ts';

const VIEW: ScreenView = { nowMs: 0, columns: 60, isOver: false, colour: false };

function screen(events: readonly Event[], view: Partial<ScreenView>): string {
  const board = new BuildBoard();
  for (const event of events) board.add(event);
  return screenLines(board, { ...VIEW, ...view }).join('\n');
}

const started = (vertex: number, name: string, atMs: number): VertexEvent => ({
  kind: 'vertex-started',
  vertex,
  name,
  atMs,
});
const finished = (
  vertex: number,
  atMs: number,
  outcome: 'done' | 'cached' | 'error' | 'cancelled' = 'done',
): VertexEvent => ({ kind: 'vertex-finished', vertex, outcome, atMs });
const status = (vertex: number, text: string, done: boolean): VertexEvent => ({
  kind: 'vertex-status',
  vertex,
  text,
  done,
  atMs: 0,
});
const output = (vertex: number, text: string, atMs = 0): VertexEvent => ({
  kind: 'vertex-log',
  vertex,
  stream: 'stdout',
  bytes: Buffer.from(text),
  atMs,
});

/** A build in the middle of its third step. */
const RUNNING: readonly Event[] = [
  started(1, '[internal] load build definition from Dockerfile', 1000),
  status(1, 'transferring dockerfile: 1B', false),
  status(1, 'transferring dockerfile: 227B', true),
  finished(1, 1040),
  started(2, '[build 1/3] COPY . .', 1040),
  finished(2, 1040, 'cached'),
  started(3, '[build 2/3] RUN make', 1050),
  output(3, 'cc -o app app.c\nlinking\nhalf a li', 1300),
];

test('a running build: seconds pass, the running step shows its last lines', () => {
  assert.equal(
    screen(RUNNING, { nowMs: 4200 }),
    `[+] Building 3.2s (2/3)
 => [internal] load build definition from Dockerfile    0.0s
 => => transferring dockerfile: 227B done
 => CACHED [build 1/3] COPY . .                         0.0s
 => [build 2/3] RUN make                                3.1s
 => => # cc -o app app.c
 => => # linking`,
  );
});

test('a finished build: the output is gone, the time stands', () => {
  assert.equal(
    screen([...RUNNING, finished(3, 2550)], { nowMs: 9999, isOver: true }),
    `[+] Building 1.6s (3/3) FINISHED
 => [internal] load build definition from Dockerfile    0.0s
 => => transferring dockerfile: 227B done
 => CACHED [build 1/3] COPY . .                         0.0s
 => [build 2/3] RUN make                                1.5s`,
  );
});

test('a failed build: what failed and what was stopped is marked', () => {
  const failed = [
    started(1, 'RUN false', 0),
    started(2, 'RUN sleep 9', 0),
    finished(1, 100, 'error'),
    finished(2, 200, 'cancelled'),
  ];
  assert.equal(
    screen(failed, { isOver: true, columns: 40 }),
    `[+] Building 0.2s (2/2) FINISHED
 => ERROR RUN false                 0.1s
 => CANCELED RUN sleep 9            0.2s`,
  );
});

test('colours: blue for what is done, red for what failed, none while it runs', () => {
  const events = [
    started(1, 'a', 0),
    finished(1, 0),
    started(2, 'b', 0),
    finished(2, 0, 'error'),
    started(3, 'c', 0),
  ];
  assert.deepEqual(screen(events, { colour: true, columns: 14 }).split('\n').slice(1), [
    '\x1b[34m => a     0.0s\x1b[0m',
    '\x1b[31m => ERROR 0.0s\x1b[0m',
    ' => c     0.0s',
  ]);
});

test('blobs on their way belong to the step that began last', () => {
  const digest = digestOf('layer');
  const blob = (
    state: 'transferring' | 'done' | 'retrying' | 'exists',
    current: number,
  ): Event => ({
    kind: 'transfer',
    direction: 'pull',
    digest,
    state,
    current,
    total: 1500,
  });
  const line = (event: Event): string | undefined =>
    screen([started(1, 'FROM x', 0), event], { columns: 120 }).split('\n')[2];
  assert.equal(line(blob('transferring', 5)), ` => => ${digest} 5B / 1.5kB`);
  assert.equal(line(blob('done', 1500)), ` => => ${digest} 1.5kB / 1.5kB done`);
  assert.equal(line(blob('retrying', 5)), ` => => ${digest} retrying`);
  assert.equal(line(blob('exists', 1500)), ` => => ${digest} exists`);
});

describe('a small terminal', () => {
  test('a long name loses its end, not its time', () => {
    const [, line] = screen([started(1, 'RUN a very long command', 0)], { columns: 20 }).split(
      '\n',
    );
    assert.equal(line, ' => RUN a very  0.0s');
  });

  test('few rows: steps that ended make room, the oldest first', () => {
    assert.equal(
      screen(RUNNING, { nowMs: 4200, rows: 5 }),
      `[+] Building 3.2s (2/3)
 => CACHED [build 1/3] COPY . .                         0.0s
 => [build 2/3] RUN make                                3.1s
 => => # cc -o app app.c
 => => # linking`,
    );
  });

  test('fewer still: the last lines stay', () => {
    assert.equal(
      screen(RUNNING, { nowMs: 4200, rows: 2 }),
      '[+] Building 3.2s (2/3)\n => => # linking',
    );
  });

  test('output that moves the cursor is shown as plain text, in its columns', () => {
    const events = [
      started(1, 'x', 0),
      output(1, '10%\r\x1b[32m20%\x1b[0m\ttab\u0007\n'),
      output(1, '日本語日本語\n'),
    ];
    assert.deepEqual(screen(events, { columns: 18 }).split('\n').slice(2), [
      ' => => # 20%    ta',
      ' => => # 日本語日',
    ]);
  });
});
