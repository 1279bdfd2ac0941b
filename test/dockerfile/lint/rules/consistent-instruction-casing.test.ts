/** ConsistentInstructionCasing: keywords as most are written. */
import { consistentInstructionCasing } from '#dockerfile/lint/rules/consistent-instruction-casing.ts';
import { testCheck } from '#test/helpers/build-check.ts';

testCheck(consistentInstructionCasing, {
  finds: [
    [
      'FROM a\nrun x\nRUN y',
      [[2, 'run', "Command 'run' should match the case of the command majority (uppercase)"]],
    ],
    [
      'from a\nrun x\nRUN y\nCopy a b',
      [
        [3, 'RUN', "Command 'RUN' should match the case of the command majority (lowercase)"],
        [4, 'Copy', "Command 'Copy' should match the case of the command majority (lowercase)"],
      ],
    ],
    [
      'From a',
      [[1, 'From', "Command 'From' should match the case of the command majority (uppercase)"]],
    ],
    [
      'from a\nRUN x',
      [[1, 'from', "Command 'from' should match the case of the command majority (uppercase)"]],
    ],
  ],
  silent: [['FROM a\nRUN x'], ['from a\nrun x'], ['arg X=1\nFROM a'], ['FROM a\nONBUILD run x']],
  fixes: [
    ['FROM a\nRun x\nCMD y', 'FROM a\nRUN x\nCMD y'],
    ['from a\nRUN x\ncmd y', 'from a\nrun x\ncmd y'],
  ],
});
