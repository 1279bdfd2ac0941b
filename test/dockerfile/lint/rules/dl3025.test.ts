/** DL3025: CMD, ENTRYPOINT or HEALTHCHECK in shell form. */
import { dl3025 } from '#dockerfile/lint/rules/dl3025.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3025, {
  catches: [
    ['FROM a:1\nCMD app --port 80', ['app --port 80']],
    ['FROM a:1\nENTRYPOINT app', ['app']],
    ['FROM a:1\nHEALTHCHECK --interval=1s CMD curl x', ['curl x']],
    ['FROM a:1\nCMD ["a" "b"]', ['["a" "b"]']],
  ],
  isSilentAbout: [
    'FROM a:1\nCMD ["app"]',
    'FROM a:1\nENTRYPOINT ["app"]',
    'FROM a:1\nHEALTHCHECK CMD ["x"]',
    'FROM a:1\nHEALTHCHECK NONE',
    'FROM a:1\nRUN x',
  ],
  fixes: [
    ['FROM a:1\nCMD app  --port 80', 'FROM a:1\nCMD ["app", "--port", "80"]'],
    ['FROM a:1\nENTRYPOINT /app.sh', 'FROM a:1\nENTRYPOINT ["/app.sh"]'],
    [
      'FROM a:1\nHEALTHCHECK CMD curl -f http://x/',
      'FROM a:1\nHEALTHCHECK CMD ["curl", "-f", "http://x/"]',
    ],
    ['FROM a:1\nCMD app $PORT', 'FROM a:1\nCMD app $PORT'],
    ['FROM a:1\nCMD a && b', 'FROM a:1\nCMD a && b'],
    ['FROM a:1\nCMD exec app', 'FROM a:1\nCMD exec app'],
    ['FROM a:1\nCMD A=1 app', 'FROM a:1\nCMD A=1 app'],
    ['FROM a:1\nENTRYPOINT app\nCMD x', 'FROM a:1\nENTRYPOINT app\nCMD x'],
    [
      'FROM a:1 AS b\nENTRYPOINT ["app"]\nFROM b\nCMD x',
      'FROM a:1 AS b\nENTRYPOINT ["app"]\nFROM b\nCMD x',
    ],
    [
      'FROM a:1\nSHELL ["/bin/bash", "-lc"]\nCMD app',
      'FROM a:1\nSHELL ["/bin/bash", "-lc"]\nCMD app',
    ],
    [
      'FROM a:1\nSHELL ["/bin/bash", "-lc"]\nHEALTHCHECK CMD x',
      'FROM a:1\nSHELL ["/bin/bash", "-lc"]\nHEALTHCHECK CMD x',
    ],
    ['FROM a:1\nCMD app \\\n  x', 'FROM a:1\nCMD app \\\n  x'],
    ['FROM a:1\nCMD ls *.txt', 'FROM a:1\nCMD ls *.txt'],
    ['FROM a:1\nCMD cat ~/x', 'FROM a:1\nCMD cat ~/x'],
  ],
});
