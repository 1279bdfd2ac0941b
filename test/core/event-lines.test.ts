/** Events as lines: what is read is what was written, byte for byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { EventLineReader, EventLineWriter } from '#core/event-lines.ts';
import type { Event } from '#core/events.ts';

const file = { name: 'Dockerfile', text: 'FROM scratch\nrun x\n' };
const diagnostic = {
  code: 'ConsistentInstructionCasing',
  severity: 'warning',
  message: 'casing',
  range: { start: 13, end: 18 },
  reason: 'why',
  hint: 'what to do',
  url: 'https://example.com/',
} as const;

const EVENTS: readonly Event[] = [
  { kind: 'vertex-started', vertex: 1, name: '[1/2] RUN "x"', atMs: 12.5 },
  { kind: 'vertex-log', vertex: 1, stream: 'stdout', bytes: Buffer.from('a\u2028ü\n\r'), atMs: 13 },
  { kind: 'vertex-log', vertex: 1, stream: 'stderr', bytes: Buffer.from([0xff, 0, 10]), atMs: 14 },
  { kind: 'vertex-status', vertex: 1, text: 'transferring', done: true, atMs: 15 },
  { kind: 'vertex-finished', vertex: 1, outcome: 'error', message: 'no', atMs: 16 },
  { kind: 'vertex-finished', vertex: 2, outcome: 'cached', atMs: 17 },
  { kind: 'note', level: 'warning', text: 'take care' },
  { kind: 'diagnostic', diagnostic, file },
  { kind: 'diagnostic', diagnostic: { ...diagnostic, code: 'Other' }, file },
  {
    kind: 'transfer',
    direction: 'pull',
    digest: digestOf('blob'),
    state: 'done',
    current: 7,
    total: 7,
  },
];

test('every kind of event, as it was', () => {
  const writer = new EventLineWriter();
  const reader = new EventLineReader();
  const lines = EVENTS.map((event) => writer.line(event));
  assert.deepEqual(
    lines.map((line) => reader.event(line)),
    EVENTS,
  );
  assert.ok(lines.every((line) => !line.includes('\n')));
});

test('the text of a file is written once', () => {
  const writer = new EventLineWriter();
  const lines = EVENTS.filter(({ kind }) => kind === 'diagnostic').map((one) => writer.line(one));
  assert.deepEqual(
    lines.map((line) => line.includes('FROM scratch')),
    [true, false],
  );
});

test('lines of other kinds are none, lines that are cut short are refused', () => {
  const reader = new EventLineReader();
  assert.equal(reader.event('{"kind":"build","ref":"x"}'), undefined);
  for (const line of [
    '{"kind":"vertex-sta',
    '{"kind":"note","level":"loud","text":"x"}',
    '[]',
    '{}',
  ]) {
    assert.throws(() => reader.event(line), { code: 'JSON_INVALID' });
  }
});
