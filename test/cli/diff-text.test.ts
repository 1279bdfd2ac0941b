/** The differences of two images as people and programs read them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diffJson, diffText } from '#cli/diff-text.ts';
import { toByteString } from '#core/bytes.ts';
import { digestOf } from '#core/digest.ts';
import type { ImageDiff } from '#core/image-files.ts';

const id = (text: string) => digestOf(Buffer.from(text));
const short = (text: string): string => id(text).slice(7, 19);
const history = (...steps: string[]): string[] => ['FROM', 'ENV', ...steps];

const DIFF: ImageDiff = {
  before: id('a'),
  after: id('b'),
  isSame: false,
  config: [
    { field: 'Env.A', before: '1', after: '2\u001b' },
    { field: 'User', after: '5' },
    { field: 'History', before: history('RUN x'), after: history('RUN y') },
  ],
  layers: {
    shared: [{ diffId: id('base'), size: 5000 }],
    onlyBefore: [],
    onlyAfter: [{ diffId: id('top'), size: 1200, createdBy: `RUN ${'x'.repeat(100)}` }],
  },
  files: [
    { path: toByteString('/a'), change: 'added', kind: 'file', sizeAfter: 1500, differences: [] },
    {
      path: toByteString('/c\n'),
      change: 'changed',
      kind: 'file',
      sizeBefore: 1,
      sizeAfter: 2000,
      differences: ['content', 'mode'],
    },
    {
      path: toByteString('/d'),
      change: 'deleted',
      kind: 'directory',
      sizeBefore: 0,
      differences: [],
    },
  ],
};

test('for people', () => {
  assert.equal(
    diffText(DIFF, ['app:1', 'app:2']),
    `Config:
  Env.A: "1" -> "2\\u001b"
  User: (not set) -> "5"
  History:
    - "RUN x"
    + "RUN y"

Layers: shared 1 (5kB), only in app:1 none, only in app:2 1 (1.2kB)
+ ${short('top')} 1.2kB RUN ${'x'.repeat(75)}…

Files: 1 added, 1 changed, 1 deleted
A /a 1.5kB
C /c\\x0a 1B -> 2kB (content, mode)
D /d
`,
  );
  const same = { ...DIFF, isSame: true, config: [], files: [] };
  assert.equal(diffText(same, ['app:1', 'app:2']), '');
});

test('for programs', () => {
  const { Config, Layers, Files, Same } = diffJson(DIFF);
  assert.equal(Same, false);
  assert.deepEqual(Array.isArray(Config) && Config[1], { Field: 'User', Before: null, After: '5' });
  assert.deepEqual(Layers, {
    Shared: [{ DiffID: id('base'), Size: 5000, CreatedBy: '' }],
    OnlyBefore: [],
    OnlyAfter: [{ DiffID: id('top'), Size: 1200, CreatedBy: `RUN ${'x'.repeat(100)}` }],
  });
  assert.deepEqual(Array.isArray(Files) && Files[1], {
    Path: '/c\n',
    Change: 'changed',
    Type: 'file',
    SizeBefore: 1,
    SizeAfter: 2000,
    Differences: ['content', 'mode'],
  });
});
