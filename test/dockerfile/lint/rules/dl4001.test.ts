/** DL4001: both wget and curl. */
import { dl4001 } from '#dockerfile/lint/rules/dl4001.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl4001, {
  catches: [
    ['FROM a:1\nRUN wget x\nRUN curl y\nRUN wget z', ['curl']],
    ['FROM a:1\nRUN curl x && wget y', ['wget']],
    ['FROM a:1\nRUN x "$(curl y)" | wget z', ['wget']],
  ],
  isSilentAbout: [
    'FROM a:1\nRUN curl x\nRUN curl y',
    'FROM a:1\nRUN wget x\nFROM b:1\nRUN curl x',
    'FROM a:1\nRUN apt-get install -y curl wget',
    'FROM a:1\nRUN command -v curl || wget x',
  ],
});
