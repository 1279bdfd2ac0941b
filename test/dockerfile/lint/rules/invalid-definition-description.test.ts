/** InvalidDefinitionDescription: comments that describe start with the name. */
import { invalidDefinitionDescription } from '#dockerfile/lint/rules/invalid-definition-description.ts';
import { testCheck } from '#test/helpers/build-check.ts';

const message = (kind: string, name: string): string =>
  `Comment for ${kind} should follow the format: \`# ${name} <description>\``;

testCheck(invalidDefinitionDescription, {
  finds: [
    ['# hello\nFROM a AS b', [[2, '# hello', message('FROM', 'b')]]],
    ['# x is\nARG y z\nFROM a', [[2, '# x is', message('ARG', '<arg_key>')]]],
    ['# Build x\nFROM a AS Build', [[2, '# Build x', message('FROM', 'build')]]],
    ['# y yes\n  # no\nARG y\nFROM a', [[3, '# no', message('ARG', 'y')]]],
    ['# syntax=x\n# hello\n\nARG y\nFROM a', [[4, '# hello', message('ARG', 'y')]]],
    ['FROM a\n# hm\nARG y', [[3, '# hm', message('ARG', 'y')]]],
  ],
  silent: [
    ['# b compiles\nFROM a AS b'],
    ['# z is\nARG y z\nFROM a'],
    ['# hello\n#\nARG y\nFROM a'],
    ['# hello\nFROM a\n# hello\nRUN x'],
    ['# syntax=docker/dockerfile:1\n# check=experimental=all\nARG y\nFROM a'],
    ['FROM a\nRUN x \\\n# hello\n  y\nARG z'],
  ],
});
