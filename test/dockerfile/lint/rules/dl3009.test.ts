/** DL3009: the package lists of apt stay in the layer. */
import { dl3009 } from '#dockerfile/lint/rules/dl3009.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3009, {
  catches: [
    ['FROM a:1\nRUN apt-get update && apt-get install x', ['apt-get']],
    ['FROM a:1\nRUN apt update', ['apt']],
    ['FROM a:1\nRUN aptitude -q update', ['aptitude']],
    ['FROM a:1 AS b\nRUN apt-get update\nFROM b', ['apt-get']],
    ['FROM a:1\nRUN --mount=type=cache,target=/var/cache/apt apt-get update', ['apt-get']],
    ['FROM a:1\nRUN apt-get update && rm -rf /tmp/x', ['apt-get']],
  ],
  isSilentAbout: [
    'FROM a:1\nRUN apt-get update && apt-get install x && rm -rf /var/lib/apt/lists/*',
    'FROM a:1\nRUN apt-get update && rm -r /var/lib/apt/lists',
    'FROM a:1\nRUN apt-get update && find /var/lib/apt/lists -delete',
    'FROM a:1\nRUN apt-get install x',
    'FROM a:1\nRUN --mount=type=cache,target=/var/lib/apt apt-get update',
    'FROM a:1\nRUN --mount=type=tmpfs,target=/var/lib/apt/lists apt-get update',
    'FROM a:1 AS b\nRUN apt-get update\nFROM c:1\nCOPY --from=b /x /x',
    'FROM a:1\nRUN apt-get update && apt-get dist-clean',
  ],
});
