/** DL3022: COPY --from names no stage. */
import { dl3022 } from '#dockerfile/lint/rules/dl3022.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3022, {
  catches: [
    ['FROM a:1\nCOPY --from=build a b', ['build']],
    ['FROM a:1\nCOPY --from=some/image a b', ['some/image']],
    ['FROM a:1 AS build\nFROM b:1\nCOPY --from=2 a b', ['2']],
    ['FROM a:1\nCOPY --from=later a b\nFROM b:1 AS later', ['later']],
  ],
  isSilentAbout: [
    'FROM a:1 AS build\nFROM b:1\nCOPY --from=build a b',
    'FROM a:1 AS Build\nFROM b:1\nCOPY --from=bUILD a b',
    'FROM a:1\nFROM b:1\nCOPY --from=0 a b',
    'FROM a:1\nCOPY --from=nginx:1 a b',
    'FROM a:1\nCOPY --from=nginx@sha256:0000000000000000000000000000000000000000000000000000000000000000 a b',
    'FROM a:1\nCOPY --from=$X a b',
    'FROM a:1\nCOPY a b',
  ],
});
