/** DL3044: ENV uses a variable that it sets itself. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import { dl3044 } from '#dockerfile/lint/rules/dl3044.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3044, {
  catches: [
    ['FROM a:1\nENV A=1 B=$A', ['$A']],
    ['FROM a:1\nENV A=1 B="x${A}y"', ['"x${A}y"']],
    ['FROM a:1\nENV B=${A:-x} A=1', ['${A:-x}']],
  ],
  isSilentAbout: [
    'FROM a:1\nENV A=1\nENV B=$A',
    'FROM a:1\nENV A=1\nENV A=2 B=$A',
    'FROM a:1\nARG A\nENV A=2 B=$A',
    'ARG A=1\nFROM a:1\nENV A=2 B=$A',
    'FROM a:1\nENV PATH=/x:$PATH',
    'FROM a:1\nENV A=1 B=$AB',
    "FROM a:1\nENV A=1 B='$A'",
    'FROM a:1\nENV A=1 B=\\$A',
    'FROM a:1\nENV A=1 B=A',
  ],
});
