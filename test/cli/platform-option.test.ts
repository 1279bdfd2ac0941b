/** --platform for the engine: nothing without it, else what docker makes of the text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { platformOption, platformsOption } from '#cli/platform-option.ts';
import { hostPlatform } from '#core/platform.ts';

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

test('--platform of a build: lists and repetition, each platform once, local is this machine', () => {
  const arm64 = { os: 'linux', architecture: 'arm64' };
  const s390x = { os: 'linux', architecture: 's390x' };
  assert.deepEqual(platformsOption(['linux/arm64,s390x', 'linux/arm64/v8']), [arm64, s390x]);
  assert.deepEqual(platformsOption(['local']), [hostPlatform(process.arch)]);
  assert.deepEqual(platformsOption([]), []);
  for (const text of ['', 'linux/arm64,']) {
    assert.throws(() => platformsOption([text]), { code: 'USAGE' });
  }
  assert.throws(() => platformsOption(['linux/arm64,a/b/c/d']), { code: 'PLATFORM_INVALID' });
});
