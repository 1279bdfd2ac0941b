/** DL3019: apk add leaves its index in the layer. */
import { dl3019 } from '#dockerfile/lint/rules/dl3019.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3019, {
  catches: [
    ['FROM a:1\nRUN apk add curl=1', ['add']],
    ['FROM a:1\nRUN apk update && apk add x && rm -rf /var/cache/apk/*', ['add']],
  ],
  isSilentAbout: [
    'FROM a:1\nRUN apk add --no-cache curl=1',
    'FROM a:1\nRUN apk --no-cache add curl',
    'FROM a:1\nRUN apk del x',
    'FROM a:1\nRUN --mount=type=cache,target=/var/cache/apk apk add curl',
    'FROM a:1\nRUN --mount=type=cache,target=/etc/apk/cache apk add curl',
  ],
});
