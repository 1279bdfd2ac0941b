/** `tag rm`: one line for the tag, one for what stays. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { parseReference } from '#core/reference.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const KEPT = digestOf(Buffer.from('x'));

test('each tag by itself: one that fails does not keep the next', async () => {
  const engine = fakeEngine({
    removeRemoteTag: async (name) => {
      if (name === 'x/a:2') throw new SlipwayError('MANIFEST_UNKNOWN', 'no such tag');
      const way = name.endsWith('1') ? 'tag' : 'stand-in';
      return { reference: parseReference(name), kept: KEPT, way };
    },
  });
  assert.deepEqual(await runCommand(['tag', 'rm', 'x/a:1', 'x/a:2', 'x/a:3'], { engine }), {
    exitCode: 1,
    stdout: `Untagged: x/a:1
Kept: ${KEPT} (the registry deletes tags)
Untagged: x/a:3
Kept: ${KEPT} (the registry deletes no tags: a manifest of no worth took its place and was deleted)
`,
    stderr: 'ERROR: no such tag\n',
  });
});

test('an image called rm is tagged as before', async () => {
  for (const [argv, calls] of [
    [
      ['tag', 'rm:latest', 'b'],
      ['rm:latest', 'b'],
    ],
    [
      ['tag', '--', 'rm', 'b'],
      ['rm', 'b'],
    ],
    [
      ['image', 'tag', 'rm', 'b'],
      ['rm', 'b'],
    ],
  ] as const) {
    const seen: string[] = [];
    const engine = fakeEngine({ tag: async (...names) => void seen.push(...names) });
    assert.equal((await runCommand([...argv], { engine })).exitCode, 0);
    assert.deepEqual(seen, calls);
  }
});
