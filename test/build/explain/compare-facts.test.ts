/** What differs between two steps, in words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differences } from '#build/explain/compare-facts.ts';
import type { StepFacts } from '#build/explain/step-facts.ts';

const STEP: StepFacts = {
  settings: { kind: 'copy', destination: '/app/', chown: 'null' },
  variables: { MODE: 'aa' },
  files: { 'a.txt': 'file 644 - c0ffee', l: 'symlink 777 - a.txt' },
  base: 'sha256:1',
  below: 'sha256:2',
};

for (const [name, changed, expected] of [
  ['nothing: nothing', {}, []],
  [
    'content',
    { files: { ...STEP.files, 'a.txt': 'file 644 - beef' } },
    ['a.txt changed (content)'],
  ],
  [
    'mode and owner',
    { files: { ...STEP.files, 'a.txt': 'file 755 5:6 c0ffee' } },
    ['a.txt changed (mode 755, was 644, owner)'],
  ],
  [
    'attributes',
    { files: { ...STEP.files, 'a.txt': 'file 644 - c0ffee user.x=00' } },
    ['a.txt changed (attributes)'],
  ],
  [
    'new and gone files',
    { files: { l: 'symlink 777 - a.txt', b: 'file 644 - 00' } },
    ['b is new', 'a.txt is gone'],
  ],
  [
    'settings come before variables, these before what is below',
    {
      settings: { ...STEP.settings, destination: '/srv/' },
      variables: { MODE: 'bb', MORE: 'cc' },
      below: 'sha256:3',
    },
    [
      'the destination changed: /srv/, was /app/',
      'the variable MODE changed',
      'the variable MORE is new',
      'what is below it changed',
    ],
  ],
  [
    'long texts are not shown',
    { settings: { ...STEP.settings, chown: 'x'.repeat(300) } },
    ['--chown changed'],
  ],
  [
    'another base says it all',
    { base: 'sha256:9', below: 'sha256:3' },
    ['the base image is sha256:9, was sha256:1'],
  ],
] as const) {
  test(name, () => {
    const texts = differences({ ...STEP, ...changed }, STEP).map(({ text }) => text);
    assert.deepEqual(texts, expected);
  });
}
