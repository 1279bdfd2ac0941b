/** DL3027: RUN uses apt instead of apt-get. */
import { dl3027 } from '#dockerfile/lint/rules/dl3027.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3027, {
  catches: [
    ['FROM a:1\nRUN apt install x', ['apt']],
    ['FROM a:1\nRUN a; apt update && apt install x', ['apt']],
  ],
  isSilentAbout: [
    'FROM a:1\nRUN apt-get install x',
    'FROM a:1\nRUN apt-get install -y apt',
    'FROM a:1\nRUN echo apt install',
    'FROM a:1\nRUN ls /etc/apt',
  ],
});
