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
    transferScreen,
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
    );
  const half = `${'='.repeat(25)}>${' '.repeat(25)}`;
  assert.equal(bar(12_300_000, 24_600_000), ` [${half}]   12.3MB/24.6MB`);
  assert.equal(bar(0, 100), ` [>${' '.repeat(50)}]       0B/100B`);
  assert.equal(bar(300, 100), ` [${'='.repeat(50)}>]     300B/100B`);
  assert.equal(bar(1500), '    1.5kB');
  assert.equal(progressText(transfer(A, 'done')), '');
});
