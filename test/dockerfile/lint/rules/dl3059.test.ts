/** DL3059: RUNs that could be one. */
import { dl3059 } from '#dockerfile/lint/rules/dl3059.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3059, {
  catches: [
    ['FROM a:1\nRUN a\nRUN b', ['RUN']],
    ['FROM a:1\nRUN a\n# c\nRUN b\nRUN c', ['RUN', 'RUN']],
    ['FROM a:1\nRUN --network=none a\nRUN --network=none b', ['RUN']],
    ['FROM a:1\nRUN a && b\nRUN c\nRUN d', ['RUN']],
  ],
  isSilentAbout: [
    'FROM a:1\nRUN a',
    'FROM a:1\nRUN a\nENV x=y\nRUN b',
    'FROM a:1\nRUN a && b\nRUN c',
    'FROM a:1\nRUN a\nRUN b; c',
    'FROM a:1\nRUN --mount=type=cache,target=/x a\nRUN b',
    'FROM a:1\nRUN a\nFROM b:1\nRUN c',
    'FROM a:1\nRUN a\nONBUILD RUN b',
  ],
});
