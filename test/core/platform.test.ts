/** Platforms: what people write, its normal form, and what is refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isSlipwayError } from '#core/errors.ts';
import {
  formatPlatform,
  hostPlatform,
  normalizePlatform,
  type Platform,
  parsePlatform,
} from '#core/platform.ts';

const ARM: Platform = { os: 'linux', architecture: 'arm', variant: 'v6' };
const X64: Platform = { os: 'linux', architecture: 'amd64' };

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
    it(`${text} is ${normal}`, () =>
      assert.equal(formatPlatform(parsePlatform(text, X64)), normal));
  }

  const oneWord: readonly (readonly [text: string, host: Platform, normal: string])[] = [
    ['linux', X64, 'linux/amd64'],
    ['linux', ARM, 'linux/arm/v6'],
    ['Windows', X64, 'windows/amd64'],
    ['macos', X64, 'darwin/amd64'],
    ['arm64', X64, 'linux/arm64'],
    ['aarch64', ARM, 'linux/arm64'],
    ['x86_64', ARM, 'linux/amd64'],
    ['i386', X64, 'linux/386'],
    ['armhf', X64, 'linux/arm/v7'],
    ['armel', X64, 'linux/arm/v6'],
    ['s390x', X64, 'linux/s390x'],
    ['wasm', X64, 'linux/wasm'],
  ];
  for (const [text, host, normal] of oneWord) {
    it(`${text} alone on ${formatPlatform(host)} is ${normal}`, () =>
      assert.equal(formatPlatform(parsePlatform(text, host)), normal));
  }

  it('reads the version of a system', () => {
    const windows = { os: 'windows', 'os.version': '10.0.17763', architecture: 'amd64' };
    assert.deepEqual(parsePlatform('windows(10.0.17763)', X64), windows);
    assert.deepEqual(parsePlatform('windows(10.0.17763)/amd64', X64), windows);
  });

  // Docker spells the pattern out where we name the characters.
  const REFUSED: readonly (readonly [text: string, message: string])[] = [
    ['local', '"local": unknown operating system or architecture'],
    ['v8', '"v8": unknown operating system or architecture'],
    ['li*x', '"li*x": wildcards not yet supported'],
    ['*/*', '"*/*": wildcards not yet supported'],
    ['a/b/c/d', '"a/b/c/d": cannot parse platform specifier'],
    ['', '"" is an invalid OS component of "": use letters, digits, _ and -'],
    ['/amd64', '"" is an invalid OS component of "/amd64": use letters, digits, _ and -'],
    ['linux/', '"" is an invalid component of "linux/": use letters, digits, _, . and -'],
    ['linux/arm/', '"" is an invalid component of "linux/arm/": use letters, digits, _, . and -'],
  ];
  for (const [text, message] of REFUSED) {
    it(`refuses ${JSON.stringify(text)} in containerd's words`, () => refuses(text, message));
  }

  for (const text of ['linux/amd 64', 'linux/amd64\n', 'linux/ämd64', 'linux,linux/amd64']) {
    it(`refuses characters of no platform: ${JSON.stringify(text)}`, () => refuses(text));
  }

  it('and formatPlatform are inverse on normal forms', () => {
    const system = fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/);
    const word = fc.stringMatching(/^[A-Za-z0-9_.-]{1,8}$/);
    const architecture = fc.oneof(fc.constantFrom('arm', 'arm64', 'amd64', 'armhf', 'x64'), word);
    const variant = fc.oneof(fc.constantFrom('v8', '8', 'v1', '7', 'v8.0'), word);
    const texts = fc.oneof(
      fc.tuple(system, architecture).map((parts) => parts.join('/')),
      fc.tuple(system, architecture, variant).map((parts) => parts.join('/')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const platform = parsePlatform(text, X64);
        assert.deepEqual(parsePlatform(formatPlatform(platform), X64), platform);
        assert.deepEqual(normalizePlatform(platform), platform);
      }),
    );
  });
});

function refuses(text: string, message?: string): void {
  assert.throws(
    () => parsePlatform(text, X64),
    (error) => {
      assert.ok(isSlipwayError(error, 'PLATFORM_INVALID'));
      if (message !== undefined) assert.equal(error.message, `${message}: invalid argument`);
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
