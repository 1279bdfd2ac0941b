/** The log as BuildKit's SolveStatus, a JSON object a line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawJsonProgress } from '#cli/progress/raw-json.ts';
import type { Event } from '#core/events.ts';

const ORIGIN = Date.UTC(2026, 0, 2);

function linesOf(events: readonly Event[]): readonly Record<string, readonly object[]>[] {
  let text = '';
  const progress = new RawJsonProgress((more) => {
    text += more;
  }, ORIGIN);
  for (const event of events) progress.sink(event);
  progress.finish();
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

test('a step from its start to its end', () => {
  const lines = linesOf([
    { kind: 'vertex-started', vertex: 1, name: '[1/1] RUN make', atMs: 1000 },
    { kind: 'vertex-status', vertex: 1, text: 'sending', done: true, atMs: 1500 },
    { kind: 'vertex-log', vertex: 1, stream: 'stderr', bytes: Buffer.from('x\n'), atMs: 2000 },
    { kind: 'vertex-finished', vertex: 1, outcome: 'done', atMs: 3000 },
  ]);
  const [first] = lines[0]?.vertexes ?? [];
  assert.ok(first && 'digest' in first);
  const { digest } = first;
  const started = '2026-01-02T00:00:01.000Z';
  const named = { digest, name: '[1/1] RUN make', started };
  const at = '2026-01-02T00:00:01.500Z';
  const status = { id: 'sending', vertex: digest, name: 'sending', current: 0 };
  assert.match(String(digest), /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual(lines, [
    { vertexes: [named] },
    { statuses: [{ ...status, timestamp: at, started: at, completed: at }] },
    {
      logs: [
        { vertex: digest, stream: 2, data: base64('x\n'), timestamp: '2026-01-02T00:00:02.000Z' },
      ],
    },
    { vertexes: [{ ...named, completed: '2026-01-02T00:00:03.000Z' }] },
  ]);
});

test('cached, failed and cancelled steps say so; two of one name are two', () => {
  const ends = [
    { outcome: 'cached' },
    { outcome: 'error', message: 'exit code: 2' },
    { outcome: 'cancelled' },
  ] as const;
  const lines = linesOf(
    ends.flatMap((end, i): readonly Event[] => [
      { kind: 'vertex-started', vertex: i, name: 'RUN make', atMs: 0 },
      { kind: 'vertex-finished', vertex: i, atMs: 0, ...end },
    ]),
  );
  const found = lines.flatMap(({ vertexes = [] }) => vertexes).filter((one) => 'completed' in one);
  assert.deepEqual(
    found.map((one) => ['cached' in one, 'error' in one ? one.error : undefined]),
    [
      [true, undefined],
      [false, 'exit code: 2'],
      [false, 'context canceled'],
    ],
  );
  assert.equal(new Set(found.map((one) => 'digest' in one && one.digest)).size, 3);
});

test('findings and notes are warnings; transfers are left out', () => {
  const file = { name: 'Dockerfile', text: 'from a\nRUN b\n' };
  const lines = linesOf([
    {
      kind: 'diagnostic',
      file,
      diagnostic: {
        code: 'Casing',
        severity: 'warning',
        message: 'from is small',
        range: { start: 7, end: 10 },
        hint: 'Write FROM.',
        url: 'https://example.com',
      },
    },
    { kind: 'note', level: 'warning', text: 'a note' },
  ]);
  assert.deepEqual(lines, [
    {
      warnings: [
        {
          level: 1,
          short: base64('Casing: from is small'),
          detail: [base64('Write FROM.')],
          url: 'https://example.com',
          sourceInfo: { filename: 'Dockerfile', data: base64(file.text) },
          range: [{ start: { line: 2, character: 1 }, end: { line: 2, character: 4 } }],
        },
      ],
    },
    { warnings: [{ level: 1, short: base64('a note') }] },
  ]);
});
