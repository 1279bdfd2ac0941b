/** MaintainerDeprecated: a label names the authors. */
import { maintainerDeprecated } from '#dockerfile/lint/rules/maintainer-deprecated.ts';
import { testCheck } from '#test/helpers/build-check.ts';

const MESSAGE = 'Maintainer instruction is deprecated in favor of using label';

testCheck(maintainerDeprecated, {
  finds: [
    [
      'FROM a\nMAINTAINER me <me@example.org>\nmaintainer you',
      [
        [2, 'MAINTAINER me <me@example.org>', MESSAGE],
        [3, 'maintainer you', MESSAGE],
      ],
    ],
  ],
  silent: [['FROM a\nLABEL maintainer="me"']],
  fixes: [
    [
      'FROM a\nMAINTAINER me <me@example.org>\n',
      'FROM a\nLABEL org.opencontainers.image.authors="me <me@example.org>"\n',
    ],
    [
      'FROM a\nMAINTAINER a $b "c" \\d\n',
      'FROM a\nLABEL org.opencontainers.image.authors="a \\$b \\"c\\" \\\\d"\n',
    ],
  ],
});
