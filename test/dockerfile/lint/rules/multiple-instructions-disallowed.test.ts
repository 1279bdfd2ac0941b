/** MultipleInstructionsDisallowed: the last CMD, ENTRYPOINT, HEALTHCHECK counts. */
import { multipleInstructionsDisallowed } from '#dockerfile/lint/rules/multiple-instructions-disallowed.ts';
import { testCheck } from '#test/helpers/build-check.ts';

const message = (name: string): string =>
  `Multiple ${name} instructions should not be used in the same stage because only the last one will be used`;

testCheck(multipleInstructionsDisallowed, {
  finds: [
    ['FROM a\nCMD ["x"]\ncmd ["y"]', [[2, 'CMD ["x"]', message('cmd')]]],
    [
      'FROM a\nENTRYPOINT a\nENTRYPOINT b\nENTRYPOINT c',
      [
        [2, 'ENTRYPOINT a', message('ENTRYPOINT')],
        [3, 'ENTRYPOINT b', message('ENTRYPOINT')],
      ],
    ],
    [
      'FROM a\nHEALTHCHECK NONE\nHEALTHCHECK CMD x',
      [[2, 'HEALTHCHECK NONE', message('HEALTHCHECK')]],
    ],
    ['FROM a AS x\nONBUILD CMD b\nFROM x\nCMD c', [[3, 'FROM x', message('CMD')]]],
  ],
  silent: [
    ['FROM a\nCMD x\nENTRYPOINT y\nHEALTHCHECK NONE'],
    ['FROM a AS x\nCMD x\nFROM x\nCMD y'],
    ['FROM a\nRUN x\nRUN y'],
  ],
});
