/** DL3004: RUN uses sudo. */
import { dl3004 } from '#dockerfile/lint/rules/dl3004.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3004, {
  catches: [
    ['FROM a:1\nRUN sudo apt-get update', ['sudo']],
    ['FROM a:1\nRUN a && sudo -u x b; sudo c', ['sudo']],
    ['FROM a:1\nRUN sudo', ['sudo']],
    ['FROM a:1\nRUN ["sudo", "x"]', ['"sudo"']],
    ['FROM a:1\nONBUILD RUN sudo x', ['sudo']],
  ],
  isSilentAbout: [
    'FROM a:1\nRUN apt-get install -y sudo',
    'FROM a:1\nRUN echo sudo x',
    'FROM a:1\nRUN gosu x y',
    'FROM a:1\nCMD sudo x',
  ],
});
