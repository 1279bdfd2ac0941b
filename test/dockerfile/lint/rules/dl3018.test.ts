/** DL3018: apk add without versions. */
import { dl3018 } from '#dockerfile/lint/rules/dl3018.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3018, {
  catches: [
    ['FROM a:1\nRUN apk add curl', ['curl']],
    ['FROM a:1\nRUN apk --no-cache add a=1 curl git', ['curl']],
    ['FROM a:1\nRUN apk add -t .build gcc', ['gcc']],
    ['FROM a:1\nRUN apk add --virtual .build --no-cache gcc', ['gcc']],
    ['FROM a:1\nONBUILD RUN apk add curl', ['curl']],
  ],
  isSilentAbout: [
    'FROM a:1\nRUN apk add curl=8.1-r0',
    'FROM a:1\nRUN apk add "curl~8" "git>2" x.apk',
    'FROM a:1\nRUN apk add --virtual .build gcc=1',
    'FROM a:1\nRUN apk add --virtual=.build gcc=1',
    'FROM a:1\nRUN apk add $PACKAGES',
    'FROM a:1\nRUN apk del curl',
    'FROM a:1\nRUN apk add !x',
    'FROM a:1\nRUN apk add -X https://x/edge curl=1',
  ],
});
