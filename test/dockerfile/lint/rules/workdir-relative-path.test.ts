/** WorkdirRelativePath: the first WORKDIR is absolute. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import { workdirRelativePath } from '#dockerfile/lint/rules/workdir-relative-path.ts';
import { testCheck } from '#test/helpers/build-check.ts';

const message = (path: string): string =>
  `Relative workdir "${path}" can have unexpected results if the base image changes`;

testCheck(workdirRelativePath, {
  finds: [
    ['FROM a\nWORKDIR app\nWORKDIR b', [[2, 'app', message('app')]]],
    ['FROM a\nENV D=x\nWORKDIR $D/y', [[3, '$D/y', message('x/y')]]],
    ['FROM a\nWORKDIR ${E}', [[2, '${E}', message('')]]],
    ['FROM a AS x\nWORKDIR /x\nFROM a\nWORKDIR b', [[4, 'b', message('b')]]],
    ['FROM a\nWORKDIR c:/x', [[2, 'c:/x', message('c:/x')]]],
  ],
  silent: [
    ['FROM a\nWORKDIR /x\nWORKDIR y'],
    ['FROM a\nENV D=/x\nWORKDIR $D'],
    ['FROM a\nWORKDIR "/x y"'],
    ['FROM a AS x\nWORKDIR /x\nFROM x\nWORKDIR b'],
    ['# escape=`\nFROM --platform=windows/amd64 a\nWORKDIR c:\\x'],
  ],
});
