/** --platform for the engine: nothing without it, else what docker makes of the text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { platformOption } from '#cli/platform-option.ts';

test('--platform: nothing without the flag, names normalized, nonsense refused', () => {
  assert.deepEqual(platformOption(undefined), {});
  assert.deepEqual(platformOption('linux/aarch64').platform, {
    os: 'linux',
    architecture: 'arm64',
  });
  assert.deepEqual(platformOption('linux/arm/v6').platform, {
    os: 'linux',
    architecture: 'arm',
    variant: 'v6',
  });
  assert.throws(() => platformOption('linux/a/b/c'), { code: 'PLATFORM_INVALID' });
});
