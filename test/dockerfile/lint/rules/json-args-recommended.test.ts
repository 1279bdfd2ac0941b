/** JSONArgsRecommended: CMD and ENTRYPOINT as arrays. */
import { jsonArgsRecommended } from '#dockerfile/lint/rules/json-args-recommended.ts';
import { testCheck } from '#test/helpers/build-check.ts';

const message = (name: string): string =>
  `JSON arguments recommended for ${name} to prevent unintended behavior related to OS signals`;

testCheck(jsonArgsRecommended, {
  finds: [
    ['FROM a\nCMD node x.js', [[2, 'node x.js', message('CMD')]]],
    ['FROM a\nentrypoint x', [[2, 'x', message('entrypoint')]]],
    ['FROM a\nCMD [x]', [[2, '[x]', message('CMD')]]],
    ['FROM a\nCMD a \\\n  b', [[2, 'a \\\n  b', message('CMD')]]],
    ['FROM a\nCMD a\nSHELL ["b"]\nCMD c', [[2, 'a', message('CMD')]]],
    ['FROM a AS x\nSHELL ["b"]\nFROM a\nCMD c', [[4, 'c', message('CMD')]]],
    // A trigger's own place is in no line of its own.
    ['FROM a AS x\nONBUILD CMD b\nFROM x', [[3, 'FROM x', message('CMD')]]],
  ],
  silent: [
    ['FROM a\nCMD ["x"]\nENTRYPOINT []'],
    ['FROM a\nSHELL ["b"]\nCMD c'],
    ['FROM a AS x\nSHELL ["b"]\nFROM x\nENTRYPOINT c'],
    ['FROM a\nRUN x\nHEALTHCHECK CMD y'],
    [
      'FROM a\nCMD c',
      {
        baseImage: () => ({
          platform: { os: 'linux', architecture: 'amd64' },
          env: [],
          hasShell: true,
          workdir: '',
          onbuild: [],
        }),
      },
    ],
  ],
  fixes: [
    ['FROM a\nCMD node --x=1 x.js', 'FROM a\nCMD ["node", "--x=1", "x.js"]'],
    ['FROM a\nENTRYPOINT x "y z"', 'FROM a\nENTRYPOINT x "y z"'],
    ['FROM a\nCMD echo $HOME', 'FROM a\nCMD echo $HOME'],
    ['FROM a\nCMD exec x', 'FROM a\nCMD exec x'],
    // Together, one becomes the arguments of the other only in JSON form.
    ['FROM a\nENTRYPOINT ["x"]\nCMD y', 'FROM a\nENTRYPOINT ["x"]\nCMD y'],
  ],
});
