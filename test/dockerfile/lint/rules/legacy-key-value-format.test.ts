/** LegacyKeyValueFormat: name=value. */
import { legacyKeyValueFormat } from '#dockerfile/lint/rules/legacy-key-value-format.ts';
import { testCheck } from '#test/helpers/build-check.ts';

const message = (name: string): string =>
  `"${name} key=value" should be used instead of legacy "${name} key value" format`;

testCheck(legacyKeyValueFormat, {
  finds: [
    ['FROM a\nENV x y z', [[2, 'x y z', message('ENV')]]],
    ['FROM a\nlabel x "y z"', [[2, 'x "y z"', message('label')]]],
    ['FROM a\nENV x a=b', [[2, 'x a=b', message('ENV')]]],
    ['FROM a AS p\nONBUILD ENV x y\nFROM p', [[3, 'FROM p', message('ENV')]]],
  ],
  silent: [['FROM a\nENV x=y z="a b"\nLABEL x=y'], ['FROM a\nENV x="y z"']],
  fixes: [
    ['FROM a\nENV x   y\n', 'FROM a\nENV x=y\n'],
    ['FROM a\nENV x y z\n', 'FROM a\nENV x="y z"\n'],
    ['FROM a\nENV x "y" z\n', 'FROM a\nENV x "y" z\n'],
  ],
});
