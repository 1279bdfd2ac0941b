/** DL3015: apt-get install with recommended packages. */
import { dl3015 } from '#dockerfile/lint/rules/dl3015.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3015, {
  catches: [
    ['FROM a:1\nRUN apt-get install -y curl', ['install']],
    ['FROM a:1\nRUN <<EOF\n	apt-get install curl\nEOF', ['install']],
  ],
  isSilentAbout: [
    'FROM a:1\nRUN apt-get install --no-install-recommends curl',
    'FROM a:1\nRUN apt-get install -y -o APT::Install-Recommends=false curl',
    'FROM a:1\nRUN apt-get update',
  ],
  fixes: [
    [
      'FROM a:1\nRUN apt-get install -y curl',
      'FROM a:1\nRUN apt-get install --no-install-recommends -y curl',
    ],
    [
      'FROM a:1\nRUN <<EOF\napt-get install curl\nEOF',
      'FROM a:1\nRUN <<EOF\napt-get install --no-install-recommends curl\nEOF',
    ],
  ],
});
