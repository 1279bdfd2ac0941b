/** DL3000: WORKDIR wants an absolute path. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import { dl3000 } from '#dockerfile/lint/rules/dl3000.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3000, {
  catches: [
    ['FROM a:1\nWORKDIR app', ['app']],
    ['FROM a:1\nWORKDIR "a b"', ['"a b"']],
    ['FROM a:1\nWORKDIR /\nWORKDIR ./x', ['./x']],
  ],
  isSilentAbout: [
    'FROM a:1\nWORKDIR /app',
    'FROM a:1\nWORKDIR "/a b"',
    'FROM a:1\nWORKDIR $HOME/x',
    'FROM a:1\nWORKDIR ${HOME}',
    'FROM a:1\nWORKDIR C:\\app',
    'FROM a:1\nWORKDIR "D:/x"',
  ],
});
