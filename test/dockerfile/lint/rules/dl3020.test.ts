/** DL3020: ADD where COPY would do. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import { dl3020 } from '#dockerfile/lint/rules/dl3020.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3020, {
  catches: [
    ['FROM a:1\nADD a /b', ['ADD']],
    ['FROM a:1\nadd a b /c/', ['add']],
    ['FROM a:1\nADD ["a b", "/c"]', ['ADD']],
    ['FROM a:1\nADD src/$X/file.py /b', ['ADD']],
    ['FROM a:1\nADD <<EOF /x\nhello\nEOF', ['ADD']],
  ],
  isSilentAbout: [
    'FROM a:1\nADD a.tar /b',
    'FROM a:1\nADD a.tar.gz b.txz /c',
    'FROM a:1\nADD "a b.tgz" /c',
    'FROM a:1\nADD https://x/y /b',
    'FROM a:1\nADD git@github.com:a/b.git /b',
    'FROM a:1\nADD $ARCHIVE /b',
    'FROM a:1\nADD dist/${ARCHIVE} /b',
    'FROM a:1\nCOPY a /b',
  ],
});
