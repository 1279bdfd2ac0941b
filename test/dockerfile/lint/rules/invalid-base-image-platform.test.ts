/** InvalidBaseImagePlatform: the base is for the platform that is built. */
import { invalidBaseImagePlatform } from '#dockerfile/lint/rules/invalid-base-image-platform.ts';
import { testCheck } from '#test/helpers/build-check.ts';

const base = (architecture: string) => ({
  baseImage: () => ({
    platform: { os: 'linux', architecture },
    env: [],
    hasShell: false,
    workdir: '',
    onbuild: [],
  }),
});
const message = (image: string, actual: string, expected: string): string =>
  `Base image ${image} was pulled with platform "${actual}", expected "${expected}" for current build`;

testCheck(invalidBaseImagePlatform, {
  finds: [
    [
      'ARG T=1\nFROM a:$T',
      [[2, 'a:$T', message('a:1', 'linux/arm64', 'linux/amd64')]],
      base('arm64'),
    ],
    [
      'FROM --platform=linux/arm64 a AS x\nFROM x',
      [[1, 'a', message('a', 'linux/amd64', 'linux/arm64')]],
      base('amd64'),
    ],
    [
      'FROM a',
      [[1, 'a', message('a', 'linux/amd64', 'linux/arm/v7')]],
      {
        ...base('amd64'),
        platforms: {
          target: { os: 'linux', architecture: 'arm', variant: 'v7' },
          build: { os: 'linux', architecture: 'amd64' },
        },
      },
    ],
  ],
  silent: [
    ['FROM a'],
    ['FROM a', base('amd64')],
    ['FROM a', { baseImage: () => undefined }],
    ['FROM scratch', base('arm64')],
  ],
});
