/** Flags of the image, and docker's variable for its platform. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epochIn, imageOptions } from '#cli/image-flags.ts';

const none = {
  annotation: [],
  label: [],
  'omit-history': false,
  platform: [],
  'rewrite-timestamp': false,
  'source-date-epoch': undefined,
  squash: false,
  timestamp: undefined,
  unsetenv: [],
  unsetlabel: [],
};
const arm64 = { os: 'linux', architecture: 'arm64' };

function settings(defaultPlatform?: string, sourceDateEpoch?: number) {
  return { sourceDateEpoch, variable: () => defaultPlatform };
}

test('nothing said: nothing of its own, for this machine', () => {
  assert.deepEqual(imageOptions(none, {}, settings()), {
    labels: {},
    annotations: [],
    isIndex: false,
    squash: false,
    exactTimes: false,
    omitHistory: false,
    unsetEnv: [],
    unsetLabels: [],
  });
});

test("docker's variable counts where the flag is not given", () => {
  const given = settings('linux/arm64');
  assert.deepEqual(imageOptions(none, {}, given).platforms, [arm64]);
  const flags = { ...none, platform: ['linux/s390x'] };
  const s390x = { os: 'linux', architecture: 's390x' };
  assert.deepEqual(imageOptions(flags, {}, given).platforms, [s390x]);
});

test('BUILDKIT_MULTI_PLATFORM asks for an index of one', () => {
  for (const [value, wanted] of [
    ['1', true],
    ['TRUE', true],
    ['0', false],
    ['yes', false],
  ] as const) {
    const buildArgs = { BUILDKIT_MULTI_PLATFORM: value };
    assert.equal(imageOptions(none, buildArgs, settings()).isIndex, wanted, value);
  }
});

test('names to leave out come repeated and with commas', () => {
  const flags = { ...none, unsetenv: ['A,B', 'C'], unsetlabel: ['x'] };
  const { unsetEnv, unsetLabels } = imageOptions(flags, {}, settings());
  assert.deepEqual([unsetEnv, unsetLabels], [['A', 'B', 'C'], ['x']]);
});

test('the time: flags over the build argument, one of the flags only', () => {
  const args = ['A=1', 'SOURCE_DATE_EPOCH=3'];
  assert.equal(epochIn(none, []), undefined);
  assert.equal(epochIn(none, args), '3');
  assert.equal(epochIn({ ...none, 'source-date-epoch': '4' }, args), '4');
  assert.equal(epochIn({ ...none, timestamp: '5' }, args), '5');
  const both = { 'source-date-epoch': '4', timestamp: '5' };
  assert.throws(() => epochIn(both, []), /exclude each other/);
  const exact = imageOptions({ ...none, timestamp: '5' }, {}, settings(undefined, 5));
  assert.deepEqual([exact.exactTimes, exact.sourceDateEpoch], [true, 5]);
});
