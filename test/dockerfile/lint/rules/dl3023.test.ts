/** DL3023: COPY --from names its own stage. */
import { dl3023 } from '#dockerfile/lint/rules/dl3023.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3023, {
  catches: [
    ['FROM a:1 AS b\nCOPY --from=b x y', ['b']],
    ['FROM a:1 AS b\nCOPY --from=B x y', ['B']],
    ['FROM a:1\nFROM a:1\nCOPY --from=1 x y', ['1']],
  ],
  isSilentAbout: [
    'FROM a:1 AS b\nFROM a:1 AS c\nCOPY --from=b x y',
    'FROM a:1 AS b\nFROM a:1 AS b\nCOPY --from=b x y',
    'FROM a:1\nCOPY x y',
    'FROM a:1\nCOPY --from=a:1 x y',
  ],
});
