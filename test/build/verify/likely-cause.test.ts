/** Guesses at why a file differs, by its place and its bytes; and no guess where nothing speaks for one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TreeDifference } from '#build/verify/layer-difference.ts';
import { likelyCause } from '#build/verify/likely-cause.ts';
import { toByteString } from '#core/bytes.ts';
import type { FileDifference } from '#core/image-files.ts';

function changed(path: string, ...differences: FileDifference[]): TreeDifference {
  const first = { path: toByteString(path), change: 'changed', kind: 'file', differences } as const;
  return { first, others: [] };
}

function content(path: string, one: string, other: string, offset = 0): TreeDifference {
  const bytes = [Buffer.from(one, 'latin1'), Buffer.from(other, 'latin1')] as const;
  return { ...changed(path, 'content'), content: { offset, excerpts: bytes, heads: bytes } };
}

const cases: readonly (readonly [name: string, TreeDifference, why: RegExp | undefined])[] = [
  ['lists of apt', content('/var/lib/apt/lists/x_InRelease', 'a', 'b'), /^package lists of apt/],
  ['a log', content('/var/log/dpkg.log', 'a', 'b'), /^a log or a cache/],
  ['ldconfig', content('/var/cache/ldconfig/aux-cache', 'a', 'b'), /inode numbers/],
  ['a host key', content('/etc/ssh/ssh_host_rsa_key', 'a', 'b'), /^an identity/],
  ['bytecode', content('/app/__pycache__/a.cpython-311.pyc', 'a', 'b'), /^the time of the source/],
  ['an archive', content('/app.jar', 'PK', 'PK'), /^times of the files in an archive/],
  ['the output of date', content('/s', 'at 15:33:26 UTC', 'at 15:33:31 UTC'), /^the time of day/],
  ['seconds since 1970', content('/s', '1795880000', '1795880003'), /^the time of day/],
  ['a gzip header', content('/x.gz', '\x1f\x8b\x08\0aaaa', '\x1f\x8b\x08\0bbbb', 4), /gzip/],
  ['gzip further on', content('/x.gz', '\x1f\x8b\x08\0aaaa', '\x1f\x8b\x08\0aaab', 99), undefined],
  ['a program', content('/bin/x', '\x7fELFa', '\x7fELFb'), /compiler/],
  ['a uuid', content('/id', '0b25b5a2-5c4c-4a5e', '39c0b1f4-1a2b-4c3d'), /^random numbers/],
  ['some words', content('/x', 'one word', 'another word'), undefined],
  ['a mode', changed('/x', 'mode'), undefined],
  ['a time of a file', changed('/x', 'time'), /^a time that the command sets/],
  [
    'a file with a random name',
    { first: { ...changed('/tmp.x1').first, change: 'added' }, others: [] },
    /^a name that is random/,
  ],
];
for (const [name, difference, why] of cases) {
  test(name, () => {
    const cause = likelyCause(difference);
    if (why === undefined) assert.equal(cause, undefined);
    else assert.match(cause?.why ?? '', why);
  });
}
