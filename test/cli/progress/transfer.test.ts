/** The lines of pull and push, on a terminal and elsewhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressText, transferLines, transferScreen } from '#cli/progress/transfer.ts';
import { digestOf, shortId } from '#core/digest.ts';
import type { Event, EventSink, TransferEvent } from '#core/events.ts';

const A = digestOf('a');
const B = digestOf('b');

function transfer(
  digest: TransferEvent['digest'],
  state: TransferEvent['state'],
  rest: Partial<TransferEvent> = {},
): TransferEvent {
  return { kind: 'transfer', direction: 'pull', digest, state, current: 0, ...rest };
}

/** A terminal of this size whose clock is moved by hand. */
function screenOf(size: { columns?: number; rows?: number; atMs?: () => number } = {}) {
  return (write: (text: string) => void): EventSink =>
    transferScreen({ write, size: () => size, nowMs: size.atMs ?? (() => 0) });
}

function show(
  display: (write: (text: string) => void) => EventSink,
  ...events: readonly Event[]
): string {
  let text = '';
  const sink = display((part) => {
    text += part;
  });
  for (const event of events) sink(event);
  return text;
}

test('a pull in a log: one line per change, no progress', () => {
  const text = show(
    transferLines,
    transfer(A, 'waiting'),
    transfer(B, 'exists'),
    transfer(A, 'transferring', { current: 1, total: 2 }),
    transfer(A, 'transferring', { current: 2, total: 2 }),
    transfer(A, 'retrying'),
    transfer(A, 'retrying'),
    transfer(A, 'done', { current: 2 }),
    { kind: 'note', level: 'warning', text: 'slow' },
    { kind: 'note', level: 'info', text: 'unseen' },
  );
  assert.equal(
    text,
    `${shortId(A)}: Pulling fs layer
${shortId(B)}: Already exists
${shortId(A)}: Retrying
${shortId(A)}: Pull complete
WARNING: slow
`,
  );
});

test('the words of a push', () => {
  const push = { direction: 'push' } as const;
  const text = show(
    transferLines,
    transfer(A, 'preparing', push),
    transfer(A, 'done', push),
    transfer(B, 'exists', push),
    transfer(digestOf('c'), 'mounted', { ...push, from: 'library/x' }),
    transfer(digestOf('d'), 'mounted', push),
  );
  const words = text
    .trim()
    .split('\n')
    .map((line) => line.split(': ')[1]);
  assert.deepEqual(words, [
    'Preparing',
    'Pushed',
    'Layer already exists',
    'Mounted from library/x',
    'Mounted',
  ]);
});

test('on a terminal the line of a layer is redrawn where it is', () => {
  const text = show(
    screenOf(),
    transfer(A, 'waiting'),
    transfer(B, 'waiting'),
    transfer(A, 'done'),
    transfer(A, 'done'),
    transfer(B, 'done'),
  );
  assert.equal(
    text,
    `${shortId(A)}: Pulling fs layer\n${shortId(B)}: Pulling fs layer\n` +
      `\x1b[2A\r\x1b[2K${shortId(A)}: Pull complete\x1b[2B\r` +
      `\x1b[1A\r\x1b[2K${shortId(B)}: Pull complete\x1b[1B\r`,
  );
});

test('the bar is fifty wide', () => {
  const bar = (current: number, total?: number): string =>
    progressText(
      transfer(A, 'transferring', { current, ...(total === undefined ? {} : { total }) }),
      120,
    );
  const half = `${'='.repeat(25)}>${' '.repeat(25)}`;
  assert.equal(bar(12_300_000, 24_600_000), ` [${half}]   12.3MB/24.6MB`);
  assert.equal(bar(0, 100), ` [>${' '.repeat(50)}]       0B/100B`);
  assert.equal(bar(300, 100), ` [${'='.repeat(50)}>]     300B/100B`);
  assert.equal(bar(1500), '    1.5kB');
  assert.equal(progressText(transfer(A, 'done'), 120), '');
});

test('a narrow terminal gets numbers without a bar', () => {
  const event = transfer(A, 'transferring', { current: 12_300_000, total: 24_600_000 });
  assert.equal(progressText(event, 80), '   12.3MB/24.6MB');
});

test('no line is wider than the terminal', () => {
  const event = transfer(A, 'transferring', { current: 1, total: 2 });
  assert.equal(show(screenOf({ columns: 14 }), event), `${shortId(A)}: \n`);
});

test('bytes are redrawn ten times a second, a new state at once', () => {
  let nowMs = 0;
  const at = (current: number) => transfer(A, 'transferring', { current, total: 9 });
  let text = '';
  const sink = screenOf({ atMs: () => nowMs })((part) => {
    text += part;
  });
  sink(at(0));
  text = '';
  sink(at(1));
  assert.equal(text, '');
  nowMs = 100;
  sink(at(2));
  assert.match(text, /2B\/9B/);
  text = '';
  sink(transfer(A, 'done', { current: 9 }));
  assert.match(text, /Pull complete/);
});

test('a line that has scrolled out of the window is left alone', () => {
  const others = Array.from({ length: 5 }, (_, i) => transfer(digestOf(`${i}`), 'waiting'));
  const drawn = show(screenOf({ rows: 5 }), transfer(A, 'waiting'), ...others);
  assert.equal(
    show(screenOf({ rows: 5 }), transfer(A, 'waiting'), ...others, transfer(A, 'done')),
    drawn,
  );
});

test('a warning in between moves no line', () => {
  const text = show(
    screenOf(),
    transfer(A, 'waiting'),
    { kind: 'note', level: 'warning', text: 'slow' },
    transfer(A, 'done'),
  );
  assert.ok(text.endsWith(`WARNING: slow\n\x1b[2A\r\x1b[2K${shortId(A)}: Pull complete\x1b[2B\r`));
});

test('docker lists layers; the config of an image is none', () => {
  const config = transfer(A, 'done', { role: 'config' });
  assert.equal(show(transferLines, config), '');
  assert.equal(show(screenOf(), config), '');
});

test('a terminal that tells no size, 0 by 0, is taken for a usual one', () => {
  const event = transfer(A, 'transferring', { current: 1, total: 2 });
  assert.equal(show(screenOf({ columns: 0, rows: 0 }), event), show(screenOf(), event));
});
