/** Flags of the image, and docker's variable for its platform. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageOptions } from '#cli/image-flags.ts';

const none = { annotation: [], label: [], platform: [] };
const arm64 = { os: 'linux', architecture: 'arm64' };

test('nothing said: nothing of its own, for this machine', () => {
  const options = imageOptions(none, { buildArgs: {}, defaultPlatform: undefined });
  assert.deepEqual(options, { labels: {}, annotations: [], isIndex: false });
});

test('the variable counts where the flag is not given', () => {
  const given = { buildArgs: {}, defaultPlatform: 'linux/arm64' };
  assert.deepEqual(imageOptions(none, given).platforms, [arm64]);
  const flags = { ...none, platform: ['linux/s390x'] };
  const s390x = { os: 'linux', architecture: 's390x' };
  assert.deepEqual(imageOptions(flags, given).platforms, [s390x]);
});

test('BUILDKIT_MULTI_PLATFORM asks for an index of one', () => {
  for (const [value, wanted] of [
    ['1', true],
    ['TRUE', true],
    ['0', false],
    ['yes', false],
  ] as const) {
    const buildArgs = { BUILDKIT_MULTI_PLATFORM: value };
    assert.equal(imageOptions(none, { buildArgs, defaultPlatform: '' }).isIndex, wanted, value);
  }
});
