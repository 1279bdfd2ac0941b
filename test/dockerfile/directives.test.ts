/** Parser directives: where they count, and what is wrong with them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDirectives } from '#dockerfile/directives.ts';

const none = { escape: '\\' };

const cases: readonly (readonly [what: string, text: string, expected: object])[] = [
  ['a file without directives', 'FROM a', none],
  [
    'all three, in any case and spacing',
    '# syntax=docker/dockerfile:1\n#Escape = `\n  #  CHECK=skip=all \nFROM a',
    { syntax: 'docker/dockerfile:1', escape: '`', check: 'skip=all' },
  ],
  ['a comment ends them', '# hello\n# escape=`\n', none],
  ['an unknown name ends them', '# x=1\n# escape=`\n', none],
  ['a blank line ends them', '\n# escape=`\n', none],
  ['an instruction ends them', 'FROM a\n# escape=`\n', none],
  ['a byte order mark is skipped', '\uFEFF# escape=`', { escape: '`' }],
  ['Windows line ends are skipped', '# escape=`\r\n', { escape: '`' }],
  ['a shebang hides escape only', '#!/bin/x\n# check=a\n# escape=`\n', { ...none, check: 'a' }],
  ['the syntax of another front end in //', '// syntax=a\n', { ...none, syntax: 'a' }],
  ['the syntax of another front end in JSON', '{"syntax": "a"}', { ...none, syntax: 'a' }],
  ['broken JSON says nothing', '{"syntax": "a"', none],
];

for (const [what, text, expected] of cases) {
  test(what, () =>
    assert.deepEqual(parseDirectives(text), { directives: expected, diagnostics: [] }),
  );
}

const syntaxes: readonly (readonly [value: string, code: string | undefined])[] = [
  ['docker/dockerfile', undefined],
  ['docker/dockerfile:1', undefined],
  ['docker.io/docker/dockerfile:1.20.3-labs', undefined],
  ['docker/dockerfile-upstream:master', undefined],
  ['docker/dockerfile:1@sha256:abc', undefined],
  ['docker/dockerfile:1.21', 'SyntaxNewer'],
  ['docker/dockerfile:2', 'SyntaxNewer'],
  ['example.com/other:1', 'SyntaxForeign'],
];

for (const [value, code] of syntaxes) {
  test(`syntax=${value}: ${code ?? 'nothing to say'}`, () => {
    const { diagnostics } = parseDirectives(`# syntax=${value}\nFROM a`);
    assert.deepEqual(
      diagnostics.map((diagnostic) => [diagnostic.severity, diagnostic.code]),
      code === undefined ? [] : [['warning', code]],
    );
  });
}

test('a repeated directive is an error that covers both lines', () => {
  const text = '# escape=`\n# escape=`\nFROM a';
  const { directives, diagnostics } = parseDirectives(text);
  assert.equal(directives.escape, '`');
  assert.deepEqual(
    diagnostics.map(({ message, range }) => [message, text.slice(range.start, range.end)]),
    [['only one escape parser directive can be used', '# escape=`\n# escape=`']],
  );
});

test('an escape that is none is an error and has no effect', () => {
  const { directives, diagnostics } = parseDirectives('# escape=x\nFROM a');
  assert.equal(directives.escape, '\\');
  assert.deepEqual(
    diagnostics.map(({ message }) => message),
    ["invalid escape token 'x' does not match ` or \\"],
  );
});
