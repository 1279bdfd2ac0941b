/** What counts as a repository, and what of it is wanted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GitUrl, isGitUrl, isHttpUrl, parseGitUrl } from '#build/git-url.ts';

const COMMIT = 'a'.repeat(40);

const repositories: readonly (readonly [text: string, expected: GitUrl])[] = [
  ['https://h/x.git', { remote: 'https://h/x.git' }],
  ['http://h/x.git#main', { remote: 'http://h/x.git', ref: 'main' }],
  ['https://h/x.git#main:a/b', { remote: 'https://h/x.git', ref: 'main', subdir: 'a/b' }],
  ['https://h/x.git#:a', { remote: 'https://h/x.git', subdir: 'a' }],
  ['git@h:o/x', { remote: 'git@h:o/x' }],
  ['git@h:o/x.git#v1', { remote: 'git@h:o/x.git', ref: 'v1' }],
  ['git://h/x', { remote: 'git://h/x' }],
  ['ssh://git@h:22/x', { remote: 'ssh://git@h:22/x' }],
  [
    'https://h/x.git?branch=b&subdir=s',
    { remote: 'https://h/x.git', ref: 'refs/heads/b', subdir: 's' },
  ],
  [
    'https://h/x.git?tag=t&commit=abcdef1',
    { remote: 'https://h/x.git', ref: 'refs/tags/t', checksum: 'abcdef1' },
  ],
  [
    `https://h/x.git?commit=${COMMIT}`,
    { remote: 'https://h/x.git', ref: COMMIT, checksum: COMMIT },
  ],
  [
    'https://h/x.git?ref=r&keep-git-dir=1&submodules=false',
    { remote: 'https://h/x.git', ref: 'r', keepGitDir: true, submodules: false },
  ],
];
for (const [text, expected] of repositories) {
  test(`a repository: ${text}`, () => {
    assert.ok(isGitUrl(text));
    assert.ok(!isHttpUrl(text));
    assert.deepEqual(parseGitUrl(text), expected);
  });
}

for (const text of ['https://h/x', 'http://h/x.git/y', 'https://h/x?y=.git', 'https://h/x#.git']) {
  test(`a file: ${text}`, () => assert.ok(isHttpUrl(text) && !isGitUrl(text)));
}

for (const text of [
  'a',
  './git@h:x',
  'x.git',
  'github.com/o/x',
  '-o@h:x',
  'file:///x.git',
  'a/b@c:d',
]) {
  test(`a path: ${text}`, () => assert.ok(!isHttpUrl(text) && !isGitUrl(text)));
}

for (const [text, error] of [
  ['https://h/x.git?what=1', /unexpected query "what"/],
  ['https://h/x.git?ref=a&branch=b', /several references/],
  ['https://h/x.git?ref=a#b', /both a fragment and a query/],
  ['https://h/x.git?submodules=maybe', /"maybe" is no value of submodules/],
  ['https://h/x.git#--upload-pack=x', /is no reference/],
] as const) {
  test(`refused: ${text}`, () => assert.throws(() => parseGitUrl(text), error));
}
