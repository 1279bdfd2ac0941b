/** What a dry run prints. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { savePlanJson, savePlanTable } from '#cli/save-plan.ts';
import type { ArchivePlanSummary } from '#core/archive-summary.ts';
import { digestOf, shortId } from '#core/digest.ts';

const [image, sbom] = [digestOf('image'), digestOf('sbom')];

const PLAN: ArchivePlanSummary = {
  images: [
    {
      names: ['docker.io/library/app:1', 'registry.example.com/app:1'],
      digest: image,
      platforms: ['linux/amd64', 'linux/arm64'],
      sizeBytes: 3_000_000,
      uniqueBytes: 1_000_000,
      leftOutBytes: 0,
    },
    {
      names: [],
      digest: sbom,
      subject: image,
      platforms: [],
      sizeBytes: 500,
      uniqueBytes: 500,
      leftOutBytes: 0,
    },
  ],
  archiveBytes: 3_010_560,
  contentBytes: 3_000_500,
  leftOut: { blobs: 0, bytes: 0 },
};

test('names as people write them; what belongs to an image says to which', () => {
  const lines = savePlanTable(PLAN).split('\n');
  assert.match(lines[0] ?? '', /^IMAGE +PLATFORM +SIZE +UNIQUE +SHARED$/);
  assert.match(
    lines[1] ?? '',
    /^app:1, registry\.example\.com\/app:1 +linux\/amd64,linux\/arm64 +3MB +1MB +2MB$/,
  );
  const companion = `${shortId(sbom)} (about ${shortId(image)})`;
  assert.ok(lines[2]?.startsWith(companion));
  assert.deepEqual(lines.slice(3), ['', 'Archive: 3.011MB (3010560 bytes)', '']);
});

test('what is left out is a column and a line of its own', () => {
  const text = savePlanTable({ ...PLAN, leftOut: { blobs: 2, bytes: 5_000_000 } });
  assert.match(text, /SHARED +LEFT OUT\n/);
  assert.match(text, /^Left out: 5MB in 2 layers that the receiver has$/m);
});

test('JSON has every number', () => {
  assert.deepEqual(JSON.parse(savePlanJson(PLAN)), PLAN);
});
