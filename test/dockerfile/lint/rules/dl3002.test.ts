/** DL3002: the last USER of a stage is root. */
import { dl3002 } from '#dockerfile/lint/rules/dl3002.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3002, {
  catches: [
    ['FROM a:1\nUSER root', ['root']],
    ['FROM a:1\nUSER 0', ['0']],
    ['FROM a:1\nUSER root:root', ['root:root']],
    ['FROM a:1\nUSER 0:0', ['0:0']],
    ['FROM a:1\nUSER app\nRUN x\nUSER root\nRUN y', ['root']],
    ['FROM a:1 AS b\nUSER root\nFROM c:1\nUSER app', ['root']],
  ],
  isSilentAbout: [
    'FROM a:1\nUSER app',
    'FROM a:1\nUSER root\nRUN x\nUSER app',
    'FROM a:1\nRUN x',
    'FROM a:1\nUSER rooted',
    'FROM a:1\nUSER 01',
  ],
});
