/** DL3066: USER is a name. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import { dl3066 } from '#dockerfile/lint/rules/dl3066.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3066, {
  catches: [
    ['FROM a:1\nUSER app', ['app']],
    ['FROM a:1\nUSER app:1000', ['app:1000']],
    ['FROM a:1\nUSER "app"', ['"app"']],
  ],
  isSilentAbout: [
    'FROM a:1\nUSER 1000',
    'FROM a:1\nUSER 1000:app',
    'FROM a:1\nUSER "1000"',
    'FROM a:1\nUSER $ID',
    'FROM a:1\nUSER ${ID:-1000}:app',
  ],
});
