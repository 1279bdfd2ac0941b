/** UndefinedArgInFrom: FROM uses declared ARGs. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import { undefinedArgInFrom } from '#dockerfile/lint/rules/undefined-arg-in-from.ts';
import { testCheck } from '#test/helpers/build-check.ts';

testCheck(undefinedArgInFrom, {
  finds: [
    ['FROM a:$TAG', [[1, '$TAG', "FROM argument 'TAG' is not declared"]]],
    [
      'ARG VERSION=1\nFROM a:${VERSIO}',
      [[2, '${VERSIO}', "FROM argument 'VERSIO' is not declared (did you mean VERSION?)"]],
    ],
    [
      'FROM --platform=$BUILDPLATFORMS \\\n  a',
      [
        [
          1,
          '$BUILDPLATFORMS',
          "FROM argument 'BUILDPLATFORMS' is not declared (did you mean BUILDPLATFORM?)",
        ],
      ],
    ],
    // It is told although the expansion fails.
    ['FROM a:${TAG:?why}', [[1, '${TAG:?why}', "FROM argument 'TAG' is not declared"]]],
    // An ARG of a stage is not seen by the next FROM.
    ['FROM a\nARG T=1\nFROM b:$T', [[3, '$T', "FROM argument 'T' is not declared"]]],
    [
      'FROM a$X$XY',
      [
        [1, '$X', "FROM argument 'X' is not declared"],
        [1, '$XY', "FROM argument 'XY' is not declared"],
      ],
    ],
  ],
  silent: [
    ['ARG TAG\nFROM a:$TAG'],
    ['FROM --platform=$BUILDPLATFORM a-$TARGETARCH'],
    ['FROM a:\\$TAG'],
  ],
});
