/** USER and --chown texts against passwd and group: docker's answers, and its words when there is none. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { resolveOwner, resolveUser } from '#runtime/user.ts';

const ACCOUNTS = {
  passwd: [
    'root:x:0:0:root:/root:/bin/sh',
    '# a comment',
    'daemon:x:1:1:daemon:/usr/sbin:/sbin/nologin',
    'www:x:33:34:www:/var/www:/bin/sh',
    '1234:x:50:51::/home/odd:/bin/sh',
    'broken:x:nine:9::/:/bin/sh',
    'nohome:x:60:61',
  ].join('\n'),
  group: 'root:x:0:root\ndaemon:x:1:\nwww-data:x:34:\nstaff:x:90:www,root\naudio:x:29:pulse,www\n',
};
const NONE = { passwd: '', group: '' };

test('USER texts resolve as docker resolves them', () => {
  const cases: readonly [string, number, number, readonly number[], string][] = [
    ['', 0, 0, [0, 90], '/root'],
    ['root', 0, 0, [0, 90], '/root'],
    ['www', 33, 34, [34, 90, 29], '/var/www'],
    ['33', 33, 34, [34, 90, 29], '/var/www'],
    ['www:audio', 33, 29, [29], '/var/www'],
    ['www:7', 33, 7, [7], '/var/www'],
    // A number is always an id, never a name of digits.
    ['1234', 1234, 0, [0], '/'],
    ['5000', 5000, 0, [0], '/'],
    ['5000:6000', 5000, 6000, [6000], '/'],
    [':daemon', 0, 1, [1], '/root'],
    ['nohome', 60, 61, [61], '/'],
  ];
  for (const [text, uid, gid, additionalGids, home] of cases) {
    assert.deepEqual(resolveUser(text, ACCOUNTS), { uid, gid, additionalGids, home }, text);
  }
});

test('without a passwd file numbers and the empty text resolve, names do not', () => {
  assert.deepEqual(resolveUser('', NONE), { uid: 0, gid: 0, additionalGids: [0], home: '/' });
  assert.deepEqual(resolveUser('7:8', NONE), { uid: 7, gid: 8, additionalGids: [8], home: '/' });
  assert.throws(() => resolveUser('root', NONE), { code: 'USER_UNKNOWN' });
});

test('unknown names fail with docker’s words', () => {
  const cases: readonly [string, string][] = [
    ['nobody', 'unable to find user nobody: no matching entries in passwd file'],
    ['broken', 'unable to find user broken: no matching entries in passwd file'],
    ['root:gang', 'unable to find group gang: no matching entries in group file'],
    ['2147483648', 'uids and gids must be in range 0-2147483647'],
    ['root:2147483648', 'uids and gids must be in range 0-2147483647'],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => resolveUser(text, ACCOUNTS), { code: 'USER_UNKNOWN', message }, text);
  }
});

test('--chown texts never fail', () => {
  const cases: readonly [string, number, number][] = [
    ['5', 5, 5],
    ['5:6', 5, 6],
    ['www', 33, 34],
    ['www:staff', 33, 90],
    ['www:', 33, 0],
    [':daemon', 0, 1],
    ['root', 0, 0],
    ['ghost', 0, 0],
    ['ghost:staff', 0, 90],
    ['5:ghosts', 5, 5],
    ['1234', 1234, 1234],
  ];
  for (const [text, uid, gid] of cases) {
    assert.deepEqual(resolveOwner(text, ACCOUNTS), { uid, gid }, text);
  }
  assert.deepEqual(resolveOwner('root', NONE), { uid: 0, gid: 0 });
});
