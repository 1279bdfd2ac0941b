/** RedundantTargetPlatform: the target platform is the default. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import { redundantTargetPlatform } from '#dockerfile/lint/rules/redundant-target-platform.ts';
import { testCheck } from '#test/helpers/build-check.ts';

const message = (name: string): string =>
  `Setting platform to predefined ${name} in FROM is redundant as this is the default behavior`;

testCheck(redundantTargetPlatform, {
  finds: [
    ['FROM --platform=$TARGETPLATFORM a', [[1, '$TARGETPLATFORM', message('$TARGETPLATFORM')]]],
    [
      'FROM --platform=${TARGETPLATFORM:-x} a',
      [[1, '${TARGETPLATFORM:-x}', message('${TARGETPLATFORM:-x}')]],
    ],
  ],
  silent: [
    ['FROM --platform=$BUILDPLATFORM a'],
    ['FROM --platform=$TARGETPLATFORM/v8 a'],
    ['FROM --platform=$TARGETPLATFORM$NONE a'],
    ['FROM --platform=linux/$TARGETARCH a'],
    ['FROM a'],
  ],
  fixes: [
    ['FROM --platform=$TARGETPLATFORM a AS b', 'FROM a AS b'],
    ['FROM --platform="$TARGETPLATFORM" a', 'FROM a'],
    ['FROM --platform=$TARGETPLATFORM \\\n  a', 'FROM \\\n  a'],
  ],
});
