/** FromPlatformFlagConstDisallowed: no constant platform. */
import { fromPlatformFlagConstDisallowed } from '#dockerfile/lint/rules/from-platform-flag-const-disallowed.ts';
import { testCheck } from '#test/helpers/build-check.ts';

const message = (platform: string): string =>
  `FROM --platform flag should not use constant value "${platform}"`;

testCheck(fromPlatformFlagConstDisallowed, {
  finds: [
    ['FROM --platform=linux/amd64 a', [[1, 'linux/amd64', message('linux/amd64')]]],
    ['FROM --platform=linux/arm64 a AS arm', [[1, 'linux/arm64', message('linux/arm64')]]],
    ['FROM --platform=linux a', [[1, 'linux', message('linux')]]],
    ['FROM --platform=aarch64 a AS aarch64', [[1, 'aarch64', message('aarch64')]]],
  ],
  silent: [
    ['FROM --platform=$BUILDPLATFORM a'],
    ['FROM --platform=linux/$TARGETARCH a'],
    ['FROM --platform=linux/amd64 a AS build_amd64'],
    ['FROM --platform=linux/arm64 a AS LINUX'],
    ['FROM --platform=arm64 a AS build-arm64'],
    ['FROM --platform=arm64 a AS linux-b'],
    ['FROM --platform=local a'],
    ['FROM --platform=a/b/c/d a'],
    ['FROM a'],
  ],
});
