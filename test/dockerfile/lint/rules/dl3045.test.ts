/** DL3045: COPY to a relative path without WORKDIR. */
import { dl3045 } from '#dockerfile/lint/rules/dl3045.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3045, {
  catches: [
    ['FROM a:1\nCOPY a b', ['b']],
    ['FROM a:1\nCOPY a .', ['.']],
    ['FROM a:1\nCOPY ["a", "b c"]', ['"b c"']],
    ['FROM a:1\nCOPY a b\nWORKDIR /x', ['b']],
    ['FROM a:1 AS b\nWORKDIR /x\nFROM c:1\nCOPY a b', ['b']],
  ],
  isSilentAbout: [
    'FROM a:1\nCOPY a /b',
    'FROM a:1\nCOPY a "/b"',
    'FROM a:1\nCOPY a $B',
    'FROM a:1\nCOPY a C:\\b',
    'FROM a:1\nWORKDIR /x\nCOPY a b',
    'FROM a:1 AS b\nWORKDIR /x\nFROM b\nCOPY a c',
    'FROM a:1 AS b\nWORKDIR /x\nFROM b AS c\nFROM c\nCOPY a c',
    'FROM a:1\nADD a.tar b',
  ],
});
