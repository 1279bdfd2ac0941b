/** DL3008: apt-get install without versions. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import { dl3008 } from '#dockerfile/lint/rules/dl3008.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3008, {
  catches: [
    ['FROM a:1\nRUN apt-get install curl', ['curl']],
    [
      'FROM a:1\nRUN apt-get update && apt-get -y install \\\n # a comment\n  git=1 \\\n  curl wget',
      ['curl'],
    ],
    ['FROM a:1\nRUN apt-get install -t sid -y curl', ['curl']],
    ['FROM a:1\nRUN sudo apt-get install curl', ['curl']],
    ['FROM a:1\nRUN DEBIAN_FRONTEND=noninteractive apt-get install curl', ['curl']],
    ['FROM a:1\nRUN <<EOF\napt-get update\napt-get install curl\nEOF', ['curl']],
    ['FROM a:1\nONBUILD RUN apt-get install curl', ['curl']],
    ['FROM a:1\nRUN ["apt-get", "install", "curl"]', ['"curl"']],
    ['FROM a:1\nRUN if true; then apt-get install curl; fi', ['curl']],
  ],
  isSilentAbout: [
    'FROM a:1\nRUN apt-get install curl=8.1-1',
    'FROM a:1\nRUN apt-get install curl/sid ./x.deb',
    'FROM a:1\nRUN apt-get install -y -t sid git=1',
    'FROM a:1\nRUN apt-get remove curl',
    'FROM a:1\nRUN apt-get --dry-run install curl',
    'FROM a:1\nRUN apt-get install $PACKAGES',
    'FROM a:1\nRUN apt-get install "${A}=1"',
    'FROM a:1\nRUN echo apt-get install curl',
    'FROM a:1\nRUN apt-get install -o Dpkg::Options::=--force-confnew a=1',
    'FROM a:1\nRUN apt-get install a=1 --target-release sid',
    'FROM a:1\nRUN apt-get install a=1 > log 2>&1',
  ],
});
