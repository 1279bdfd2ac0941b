/** The lines of `images --tree`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { treeText } from '#cli/image-tree.ts';
import { namePattern } from '#cli/name-pattern.ts';
import { digestOf, shortId } from '#core/digest.ts';
import { imageSummary } from '#test/helpers/image-summary.ts';

const multi = imageSummary('multi', { tags: ['multi:1', 'multi:latest'] });
const lost = imageSummary('lost');
const space = { diskBytes: 9_000_000, contentBytes: 3_000_000 };
const trees = [
  {
    image: multi,
    ...space,
    platforms: [
      {
        platform: { os: 'linux', architecture: 'amd64' },
        digest: digestOf('a'),
        isHere: true,
        ...space,
      },
      {
        platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
        digest: digestOf('b'),
        isHere: false,
        diskBytes: 0,
        contentBytes: 0,
      },
    ],
  },
  { image: lost, platforms: [], diskBytes: 12, contentBytes: 12 },
];

test('names below each other, then the platforms; what is not here has no size', () => {
  assert.equal(
    treeText(trees, { fullIds: false }),
    `IMAGE             ID             DISK USAGE   CONTENT SIZE
multi:1           ${shortId(multi.imageId)}          9MB            3MB
multi:latest
├─ linux/amd64    ${shortId(digestOf('a'))}          9MB            3MB
└─ linux/arm/v7   ${shortId(digestOf('b'))}            -              -
<untagged>        ${shortId(lost.imageId)}          12B            12B
`,
  );
});

test('only names that fit, and IDs in full', () => {
  const lines = treeText(trees, { fullIds: true, names: namePattern('multi:1') }).split('\n');
  assert.equal(lines.length, 5);
  assert.ok(lines[1]?.startsWith(`multi:1           ${multi.imageId}   `));
  assert.match(lines[2] ?? '', /^├─/);
  assert.deepEqual(
    treeText(trees, { fullIds: false, names: namePattern('x') }).split('\n').length,
    2,
  );
});
