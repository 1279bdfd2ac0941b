/** DL3067: COPY of a whole file system. */
import { dl3067 } from '#dockerfile/lint/rules/dl3067.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3067, {
  catches: [
    ['FROM a:1 AS b\nFROM c:1\nCOPY --from=b / /', ['/']],
    ['FROM a:1 AS b\nFROM c:1\nCOPY --from=b ["/", "/"]', ['"/"']],
  ],
  isSilentAbout: [
    'FROM a:1 AS b\nFROM c:1\nCOPY --from=b /x /',
    'FROM a:1 AS b\nFROM c:1\nCOPY --from=b / /x',
    'FROM a:1\nCOPY / /',
  ],
});
