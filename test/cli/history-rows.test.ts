/** Rows of `history`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { historyRowKind, historyRows } from '#cli/history-rows.ts';
import { formatRows } from '#cli/rows.ts';
import { goJson } from '#cli/template/values.ts';
import { shortId } from '#core/digest.ts';
import type { HistoryEntry } from '#core/image-config.ts';
import { imageSummary } from '#test/helpers/image-summary.ts';

const nowMs = Date.UTC(2026, 10, 21, 12);
const created = '2026-11-21T10:00:00.123456789Z';
const HISTORY: readonly HistoryEntry[] = [
  { created, created_by: 'COPY busybox /bin/ # buildkit', comment: 'buildkit.dockerfile.v0' },
  { created, created_by: `RUN\t${'é'.repeat(50)}` },
  { created_by: 'CMD ["sh"]', empty_layer: true },
];

function image(history: readonly HistoryEntry[], sizes: readonly number[]) {
  const summary = imageSummary('app');
  const [layer] = summary.layers;
  assert.ok(layer);
  return {
    ...summary,
    config: { ...summary.config, history },
    layers: sizes.map((sizeBytes) => ({ ...layer, sizeBytes })),
  };
}

const id = shortId(imageSummary('app').imageId);

function table(options: { human: boolean; full: boolean }, history = HISTORY): string {
  const rows = historyRows(image(history, [1_982_256, 29]), { ...options, nowMs });
  return formatRows(rows, historyRowKind(options), undefined);
}

test('newest first, the layers’ sizes with the steps that made them', () => {
  assert.equal(
    table({ human: true, full: false }),
    `IMAGE          CREATED       CREATED BY                                      SIZE      COMMENT
${id}   N/A           CMD ["sh"]                                      0B        
<missing>      2 hours ago   RUN ${'é'.repeat(40)}…   29B       
<missing>      2 hours ago   COPY busybox /bin/ # buildkit                   1.98MB    buildkit.dockerfile.v0
`,
  );
});

test('in full and for programs', () => {
  const lines = table({ human: false, full: true }).split('\n');
  assert.match(lines[0] ?? '', /^IMAGE +CREATED AT +CREATED BY +SIZE +COMMENT$/);
  assert.match(lines[1] ?? '', /^sha256:[0-9a-f]{64} {3}0001-01-01T00:00:00Z {3}CMD/);
  assert.match(lines[2] ?? '', /^<missing> +2026-11-21T10:00:00Z +RUN é{50} +29 +$/);
  assert.match(lines[3] ?? '', / 1982256 {3}buildkit/);
});

test('as JSON, docker’s fields', () => {
  const [row] = historyRows(image(HISTORY.slice(0, 1), [7]), { human: true, full: false, nowMs });
  assert.equal(
    goJson(row),
    `{"Comment":"buildkit.dockerfile.v0","CreatedAt":"2026-11-21T10:00:00Z","CreatedBy":"COPY busybox /bin/ # buildkit","CreatedSince":"2 hours ago","ID":"${id}","Size":"7B"}`,
  );
});

test('layers without a history are not forgotten, nor is a history without layers', () => {
  const sizes = (history: readonly HistoryEntry[], layers: readonly number[]) =>
    historyRows(image(history, layers), { human: false, full: false, nowMs }).map(
      (row) => row.Size,
    );
  assert.deepEqual(sizes([], [5, 6]), ['6', '5']);
  assert.deepEqual(sizes([{}, {}], [5]), ['0', '5']);
  assert.deepEqual(sizes([], []), []);
});
