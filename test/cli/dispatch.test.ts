/** Which command a command line means. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALIASES } from '#cli/aliases.ts';
import { COMMANDS } from '#cli/command-table.ts';
import { type Dispatch, dispatch } from '#cli/dispatch.ts';

const command = (id: string, ...argv: string[]): Dispatch => ({ kind: 'command', id, argv });
const CASES: readonly (readonly [line: string, expected: Dispatch])[] = [
  ['', { kind: 'help', words: [] }],
  ['--help', { kind: 'help', words: [] }],
  ['help build', { kind: 'help', words: ['build'] }],
  ['--version', { kind: 'version' }],
  ['images -q', command('images', '-q')],
  ['images --help', command('images', '--help')],
  ['--root /r -D images -q', command('images', '--root', '/r', '-D', '-q')],
  ['--root=/r images', command('images', '--root=/r')],
  ['registry serve --addr x', command('registry:serve', '--addr', 'x')],
  ['registry user add ana', command('registry:user:add', 'ana')],
  ['registry user', { kind: 'help', words: ['registry', 'user'] }],
  ['registry user --help', { kind: 'help', words: ['registry', 'user'] }],
  ['registry user nosuch', { kind: 'unknown', word: 'registry user nosuch', isFlag: false }],
  ['registry', { kind: 'help', words: ['registry'] }],
  ['registry --help', { kind: 'help', words: ['registry'] }],
  ['registry nosuch', { kind: 'unknown', word: 'registry nosuch', isFlag: false }],
  ['image', { kind: 'help', words: ['image'] }],
  ['container --help', { kind: 'help', words: ['container'] }],
  ['image ls -q', command('images', '-q')],
  ['image rm x', command('rmi', 'x')],
  ['history app', command('history', 'app')],
  ['history ls -q', command('history:ls', '-q')],
  ['image history ls', command('history', 'ls')],
  ['-D buildx history logs ^1', command('history:logs', '-D', '^1')],
  ['buildx history', { kind: 'help', words: ['buildx', 'history'] }],
  ['buildx history nosuch', { kind: 'unknown', word: 'buildx history nosuch', isFlag: false }],
  ['nosuch', { kind: 'unknown', word: 'nosuch', isFlag: false }],
  ['constructor', { kind: 'unknown', word: 'constructor', isFlag: false }],
  ['--nosuch images', { kind: 'unknown', word: '--nosuch', isFlag: true }],
];

for (const [line, expected] of CASES) {
  test(`slipway ${line}`, () => {
    assert.deepEqual(dispatch(line.split(' ').filter(Boolean)), expected);
  });
}

test('every alias leads to a command', () => {
  for (const id of Object.values(ALIASES)) assert.ok(Object.hasOwn(COMMANDS, id), id);
});
