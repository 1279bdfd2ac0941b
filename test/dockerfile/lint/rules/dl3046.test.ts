/** DL3046: useradd with a high number and without -l. */
import { dl3046 } from '#dockerfile/lint/rules/dl3046.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3046, {
  catches: [
    ['FROM a:1\nRUN useradd -u 123456 x', ['useradd']],
    ['FROM a:1\nRUN useradd --uid=1000000 x', ['useradd']],
    ['FROM a:1\nRUN useradd --uid 1000000 x', ['useradd']],
    ['FROM a:1\nRUN useradd -u1000000 x', ['useradd']],
  ],
  isSilentAbout: [
    'FROM a:1\nRUN useradd -u 12345 x',
    'FROM a:1\nRUN useradd -l -u 123456 x',
    'FROM a:1\nRUN useradd -ml -u 123456 x',
    'FROM a:1\nRUN useradd --no-log-init --uid 123456 x',
    'FROM a:1\nRUN useradd x',
    'FROM a:1\nRUN useradd -u $ID x',
  ],
});
