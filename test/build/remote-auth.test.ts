/** Which repositories get the agent of a build. Secrets of downloads are tested where they are fetched. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gitAgent } from '#build/remote-auth.ts';

const agents = { default: '/run/agent', other: '/run/other' };

for (const [remote, expected] of [
  ['git@h:o/x.git', '/run/agent'],
  ['ssh://git@h:22/x', '/run/agent'],
  ['https://h/x.git', undefined],
  ['git://h/x', undefined],
] as const) {
  test(`${remote} gets ${expected === undefined ? 'none' : 'the default agent'}`, () =>
    assert.equal(gitAgent({ agents }, remote), expected));
}

test('a build without an agent gives none', () =>
  assert.equal(gitAgent({ agents: {} }, 'git@h:x'), undefined));
