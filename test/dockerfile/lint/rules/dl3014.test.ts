/** DL3014: apt-get install may ask. */
import { dl3014 } from '#dockerfile/lint/rules/dl3014.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3014, {
  catches: [
    ['FROM a:1\nRUN apt-get install curl', ['install']],
    ['FROM a:1\nRUN apt-get -q install curl', ['install']],
    ['FROM a:1\nRUN apt-get install a && apt-get install b', ['install', 'install']],
  ],
  isSilentAbout: [
    'FROM a:1\nRUN apt-get install -y curl',
    'FROM a:1\nRUN apt-get -yq install curl',
    'FROM a:1\nRUN apt-get install --yes curl',
    'FROM a:1\nRUN apt-get install --assume-yes curl',
    'FROM a:1\nRUN apt-get -qq install curl',
    'FROM a:1\nRUN apt-get -q -q install curl',
    'FROM a:1\nRUN apt-get install -q=2 curl',
    'FROM a:1\nRUN apt-get update',
    'FROM a:1\nRUN apt install curl',
    'FROM a:1\nRUN apt-get install -s curl',
  ],
  fixes: [
    ['FROM a:1\nRUN apt-get install curl', 'FROM a:1\nRUN apt-get install -y curl'],
    ['FROM a:1\nRUN apt-get  install\\\n  curl;x', 'FROM a:1\nRUN apt-get  install -y\\\n  curl;x'],
    [
      'FROM a:1\nRUN ["apt-get", "install", "curl"]',
      'FROM a:1\nRUN ["apt-get", "install", "-y", "curl"]',
    ],
    ['FROM a:1\nRUN x "$(apt-get install curl)"', 'FROM a:1\nRUN x "$(apt-get install -y curl)"'],
    ['FROM a:1\nONBUILD RUN apt-get install a', 'FROM a:1\nONBUILD RUN apt-get install -y a'],
  ],
});
