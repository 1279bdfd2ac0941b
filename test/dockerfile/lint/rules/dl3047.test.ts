/** DL3047: wget with its progress bar. */
import { dl3047 } from '#dockerfile/lint/rules/dl3047.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3047, {
  catches: [
    ['FROM a:1\nRUN wget https://x/y', ['wget']],
    ['FROM a:1\nRUN a && wget -O y https://x/y', ['wget']],
  ],
  isSilentAbout: [
    'FROM a:1\nRUN wget --progress=dot:giga https://x',
    'FROM a:1\nRUN wget -q https://x',
    'FROM a:1\nRUN wget -qO- https://x',
    'FROM a:1\nRUN wget --quiet https://x',
    'FROM a:1\nRUN wget -nv https://x',
    'FROM a:1\nRUN wget --no-verbose https://x',
    'FROM a:1\nRUN wget -o log https://x',
    'FROM a:1\nRUN wget --append-output=log https://x',
    'FROM a:1\nRUN apt-get install -y wget',
    'FROM a:1\nRUN command -v wget',
  ],
});
