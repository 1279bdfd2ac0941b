/** Platforms: what people write, its normal form, and what is refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isSlipwayError } from '#core/errors.ts';
import { formatPlatform, hostPlatform, normalizePlatform, parsePlatform } from '#core/platform.ts';

const parsed: readonly (readonly [text: string, normal: string])[] = [
  ['linux/amd64', 'linux/amd64'],
  ['linux/x86_64', 'linux/amd64'],
  ['linux/x86-64', 'linux/amd64'],
  ['linux/x64', 'linux/amd64'],
  ['linux/amd64/v1', 'linux/amd64'],
  ['linux/amd64/v3', 'linux/amd64/v3'],
  ['linux/arm64', 'linux/arm64'],
  ['linux/aarch64', 'linux/arm64'],
  ['linux/arm64/8', 'linux/arm64'],
  ['linux/arm64/v8', 'linux/arm64'],
  ['linux/arm64/v8.0', 'linux/arm64'],
  ['linux/arm64/v8.2', 'linux/arm64/v8.2'],
  ['linux/arm64/9', 'linux/arm64/v9'],
  ['linux/arm64/v9.0', 'linux/arm64/v9'],
  ['linux/arm', 'linux/arm/v7'],
  ['linux/arm/7', 'linux/arm/v7'],
  ['linux/arm/v6', 'linux/arm/v6'],
  ['linux/armhf', 'linux/arm/v7'],
  ['linux/armel', 'linux/arm/v6'],
  ['linux/armel/v7', 'linux/arm/v6'],
  ['linux/i386', 'linux/386'],
  ['linux/riscv64', 'linux/riscv64'],
  ['linux/s390x', 'linux/s390x'],
  ['Linux/AMD64', 'linux/amd64'],
  ['macos/aarch64', 'darwin/arm64'],
  ['windows/amd64', 'windows/amd64'],
  ['linux/constructor', 'linux/constructor'],
];

describe('parsePlatform', () => {
  for (const [text, normal] of parsed) {
    it(`${text} is ${normal}`, () => assert.equal(formatPlatform(parsePlatform(text)), normal));
  }

  for (const text of ['', 'linux', 'amd64', '/', 'linux/', '/amd64', 'linux/arm/', 'a/b/c/d']) {
    it(`refuses ${JSON.stringify(text)}`, () => refuses(text));
  }

  for (const text of ['linux/amd 64', 'linux/amd64\n', 'linux/ämd64', 'linux,linux/amd64', '*/*']) {
    it(`refuses characters of no platform: ${JSON.stringify(text)}`, () => refuses(text));
  }

  it('and formatPlatform are inverse on normal forms', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9_.-]{1,8}$/);
    const architecture = fc.oneof(fc.constantFrom('arm', 'arm64', 'amd64', 'armhf', 'x64'), word);
    const variant = fc.oneof(fc.constantFrom('v8', '8', 'v1', '7', 'v8.0'), word);
    const texts = fc.oneof(
      fc.tuple(word, architecture).map((parts) => parts.join('/')),
      fc.tuple(word, architecture, variant).map((parts) => parts.join('/')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const platform = parsePlatform(text);
        assert.deepEqual(parsePlatform(formatPlatform(platform)), platform);
        assert.deepEqual(normalizePlatform(platform), platform);
      }),
    );
  });
});

function refuses(text: string): void {
  assert.throws(
    () => parsePlatform(text),
    (error) => {
      assert.ok(isSlipwayError(error, 'PLATFORM_INVALID'));
      assert.equal(error.message, `"${text}": invalid platform`);
      assert.match(error.hint ?? '', /os\/arch/);
      return true;
    },
  );
}

describe('normalizePlatform', () => {
  it('lowers what an index spells in capitals', () => {
    assert.deepEqual(normalizePlatform({ os: 'Linux', architecture: 'ARM64', variant: 'V8' }), {
      os: 'linux',
      architecture: 'arm64',
    });
  });

  it('keeps the version and features of the system', () => {
    const windows = {
      os: 'windows',
      architecture: 'amd64',
      'os.version': '10.0.20348.169',
      'os.features': ['win32k'],
    };
    assert.deepEqual(normalizePlatform(windows), windows);
  });
});

describe('hostPlatform', () => {
  const hosts: readonly (readonly [nodeArch: string, platform: string])[] = [
    ['x64', 'linux/amd64'],
    ['arm64', 'linux/arm64'],
    ['arm', 'linux/arm/v7'],
    ['ia32', 'linux/386'],
    ['ppc64', 'linux/ppc64le'],
    ['mipsel', 'linux/mipsle'],
    ['riscv64', 'linux/riscv64'],
    ['s390x', 'linux/s390x'],
    ['loong64', 'linux/loong64'],
  ];
  for (const [nodeArch, platform] of hosts) {
    it(`${nodeArch} is ${platform}`, () => {
      assert.equal(formatPlatform(hostPlatform(nodeArch)), platform);
    });
  }
});
