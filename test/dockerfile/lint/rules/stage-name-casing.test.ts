/** StageNameCasing: stage names in lower case. */
import { stageNameCasing } from '#dockerfile/lint/rules/stage-name-casing.ts';
import { testCheck } from '#test/helpers/build-check.ts';

testCheck(stageNameCasing, {
  finds: [
    [
      'FROM alpine AS BuilderBase\n',
      [[1, 'BuilderBase', "Stage name 'BuilderBase' should be lowercase"]],
    ],
    [
      'FROM a \\\n  AS X\nFROM b AS Y',
      [
        [1, 'X', "Stage name 'X' should be lowercase"],
        [3, 'Y', "Stage name 'Y' should be lowercase"],
      ],
    ],
  ],
  silent: [['FROM Alpine'], ['FROM alpine AS builder-base_1.x']],
  fixes: [
    [
      'FROM a AS Base\nFROM b\nCOPY --from=Base x y\nRUN --mount=from=BASE,target=/x z',
      'FROM a AS base\nFROM b\nCOPY --from=base x y\nRUN --mount=from=base,target=/x z',
    ],
    ['FROM a AS X\nFROM b AS x', 'FROM a AS X\nFROM b AS x'],
  ],
});
