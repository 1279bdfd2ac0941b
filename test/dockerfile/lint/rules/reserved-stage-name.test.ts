/** ReservedStageName: scratch and context are taken. */
import { reservedStageName } from '#dockerfile/lint/rules/reserved-stage-name.ts';
import { testCheck } from '#test/helpers/build-check.ts';

testCheck(reservedStageName, {
  finds: [
    [
      'FROM a AS scratch\nFROM b AS Context',
      [
        [1, 'scratch', 'Stage name should not use the same name as reserved stage "scratch"'],
        [2, 'Context', 'Stage name should not use the same name as reserved stage "context"'],
      ],
    ],
  ],
  silent: [['FROM scratch AS contexts'], ['FROM scratch']],
});
