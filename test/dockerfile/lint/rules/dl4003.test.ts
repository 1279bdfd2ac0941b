/** DL4003: several CMDs in a stage. */
import { dl4003 } from '#dockerfile/lint/rules/dl4003.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl4003, {
  catches: [
    ['FROM a:1\nCMD ["a"]\nCMD ["b"]', ['CMD']],
    ['FROM a:1\nCMD ["a"]\nRUN x\ncmd ["b"]\nCMD c', ['cmd', 'CMD']],
  ],
  isSilentAbout: ['FROM a:1\nCMD ["a"]', 'FROM a:1\nCMD ["a"]\nFROM b:1\nCMD ["b"]'],
});
