/** DuplicateStageName: each stage has a name of its own. */
import { duplicateStageName } from '#dockerfile/lint/rules/duplicate-stage-name.ts';
import { testCheck } from '#test/helpers/build-check.ts';

testCheck(duplicateStageName, {
  finds: [
    [
      'FROM a AS x\nFROM b AS y\nFROM c AS X\nFROM d AS x',
      [
        [3, 'X', 'Duplicate stage name "x", stage names should be unique'],
        [4, 'x', 'Duplicate stage name "x", stage names should be unique'],
      ],
    ],
  ],
  silent: [['FROM a AS x\nFROM x AS y\nFROM x']],
});
