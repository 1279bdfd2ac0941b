/** CopyIgnoredFile: what is copied is in the context. */
import { compileIgnore } from '#dockerfile/dockerignore.ts';
import { copyIgnoredFile } from '#dockerfile/lint/rules/copy-ignored-file.ts';
import { testCheck } from '#test/helpers/build-check.ts';

const ignore = (...patterns: string[]) => ({ ignore: compileIgnore(patterns.join('\n')) });
const message = (verb: string, path: string): string =>
  `Attempting to ${verb} file "${path}" that is excluded by .dockerignore`;

testCheck(copyIgnoredFile, {
  finds: [
    ['FROM a\nCOPY foo bar /x/', [[2, 'foo', message('Copy', 'foo')]], ignore('foo')],
    ['FROM a\nADD ./foo/x /', [[2, './foo/x', message('Add', 'foo/x')]], ignore('foo')],
    ['FROM a\nENV D=foo\nCOPY $D/ /', [[3, '$D/', message('Copy', 'foo')]], ignore('foo')],
    ['FROM a\nCOPY *.md /', [[2, '*.md', message('Copy', '*.md')]], ignore('*.md')],
    ['FROM a\nCOPY . /', [[2, '.', message('Copy', '.')]], ignore('*')],
    ['FROM a\nCOPY /foo /', [[2, '/foo', message('Copy', '/foo')]], ignore('foo')],
  ],
  silent: [
    ['FROM a\nCOPY foo /'],
    ['FROM a\nCOPY bar /foo', ignore('foo')],
    ['FROM a\nCOPY . /', ignore('foo')],
    ['FROM a\nCOPY foo /', ignore('*', '!foo/x')],
    ['FROM a\nCOPY --from=b foo /', ignore('*')],
    ['FROM a\nADD https://example.org/foo git@example.org:foo /', ignore('*')],
    ['FROM a\nCOPY <<foo /x\nfoo\n', ignore('*')],
    ['FROM a\nCOPY foo /', ignore('# nothing')],
  ],
});
