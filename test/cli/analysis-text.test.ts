/** What layers cost, as people and programs read it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analysisJson, analysisText, percentText } from '#cli/analysis-text.ts';
import { toByteString } from '#core/bytes.ts';
import { digestOf } from '#core/digest.ts';
import type { ImageAnalysis } from '#core/image-files.ts';

const diffId = digestOf(Buffer.from('layer'));
const ANALYSIS: ImageAnalysis = {
  imageId: diffId,
  layers: [
    {
      diffId,
      size: 9,
      createdBy: `RUN ${'x'.repeat(90)}`,
      files: 2,
      fileBytes: 3000,
      wastedBytes: 1000,
      deletions: 0,
    },
    { diffId, size: 8, files: 0, fileBytes: 0, wastedBytes: 0, deletions: 1 },
  ],
  totalBytes: 3000,
  wastedBytes: 1000,
  efficiency: 2 / 3,
  wasted: [
    { path: toByteString('/a'), bytes: 900, copies: 1, fate: 'deleted', layers: [1] },
    { path: toByteString('/b'), bytes: 100, copies: 2, fate: 'overwritten', layers: [1, 2] },
  ],
};

test('tables, steps cut, the largest files', () => {
  assert.equal(
    analysisText(ANALYSIS, { top: 1, fullSteps: false }),
    `LAYER     SIZE      FILES     WASTED    DELETIONS   CREATED BY
1         3kB       2         1kB       0           RUN ${'x'.repeat(55)}…
2         0B        0         0B        1${' '.repeat(11)}

Total:       3kB
Wasted:      1kB
Efficiency:  66.6%

WASTED    COPIES    FATE      LAYERS    PATH
900B      1         deleted   1         /a
`,
  );
  const full = analysisText({ ...ANALYSIS, wasted: [] }, { top: 1, fullSteps: true });
  assert.match(full, /RUN x{90}\n/);
  assert.match(full, /Efficiency: {2}66\.6%\n$/);
});

test('a threshold just missed does not look met', () => {
  assert.equal(percentText(0.94999), '94.9%');
  assert.equal(percentText(0.57), '57%');
  assert.equal(percentText(1), '100%');
});

test('for programs', () => {
  const { Efficiency, Wasted } = analysisJson(ANALYSIS);
  assert.equal(Efficiency, 2 / 3);
  assert.deepEqual(Array.isArray(Wasted) && Wasted[1], {
    Path: '/b',
    Bytes: 100,
    Copies: 2,
    Fate: 'overwritten',
    Layers: [1, 2],
  });
});
