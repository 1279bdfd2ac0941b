/** InvalidDefaultArgInFrom: the defaults alone make a valid base. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import { invalidDefaultArgInFrom } from '#dockerfile/lint/rules/invalid-default-arg-in-from.ts';
import { testCheck } from '#test/helpers/build-check.ts';

const message = (base: string): string =>
  `Default value for ARG ${base} results in empty or invalid base image name`;

testCheck(invalidDefaultArgInFrom, {
  finds: [
    ['ARG TAG\nFROM busybox:${TAG}', [[2, 'busybox:${TAG}', message('busybox:${TAG}')]]],
    [
      'ARG TAG\nFROM busybox:$TAG',
      [[2, 'busybox:$TAG', message('busybox:$TAG')]],
      { buildArgs: new Map([['TAG', '1']]) },
    ],
    ['ARG A\nFROM $A', [[2, '$A', message('$A')]]],
    ['ARG A=B\nFROM $A', [[2, '$A', message('$A')]]],
  ],
  silent: [
    ['ARG TAG=1\nFROM busybox:${TAG}'],
    ['ARG TAG\nFROM busybox:${TAG:-1}'],
    ['ARG TAG\nFROM busybox$TAG'],
    ['FROM a${\nFROM b:'],
  ],
});
