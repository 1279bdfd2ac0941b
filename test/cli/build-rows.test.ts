/** The rows of `history ls`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUILD_ROWS, buildRows } from '#cli/build-rows.ts';
import { formatRows } from '#cli/rows.ts';
import { buildSummary } from '#test/helpers/build-summary.ts';
import { NOW_MS } from '#test/helpers/run-command.ts';

const BUILDS = [
  buildSummary({ ref: 'running', status: 'running', startedAtMs: NOW_MS - 65_400 }),
  buildSummary({ ref: 'done', startedAtMs: NOW_MS - 3_600_000, endedAtMs: NOW_MS - 3_598_600 }),
  buildSummary({ ref: 'lost', status: 'interrupted', name: `${'x'.repeat(40)}/end` }),
];

test('as docker buildx shows them', () => {
  const rows = buildRows(BUILDS, { nowMs: NOW_MS, full: false });
  assert.equal(
    formatRows(rows, BUILD_ROWS, undefined),
    `BUILD ID   NAME                                   STATUS        CREATED AT           DURATION
running    app                                    Running       About a minute ago   1m  5s+
done       app                                    Completed     About an hour ago    1.4s
lost       ..${'x'.repeat(30)}/end   Interrupted   About a minute ago   ${''}
`,
  );
});

test('as JSON, and with names in full', () => {
  const [, done] = buildRows(BUILDS, { nowMs: NOW_MS, full: true });
  assert.ok(done);
  assert.deepEqual(JSON.parse(formatRows([done], BUILD_ROWS, 'json')), {
    ref: 'slipway/slipway/done',
    name: 'app',
    status: 'Completed',
    created_at: '2026-11-21T11:00:00.000Z',
    completed_at: '2026-11-21T11:00:01.400Z',
    total_steps: 3,
    completed_steps: 3,
    cached_steps: 1,
  });
  const names = buildRows(BUILDS, { nowMs: NOW_MS, full: true });
  assert.match(formatRows(names, BUILD_ROWS, '{{.Name}}'), /^app\napp\nx{40}\/end\n$/);
});
