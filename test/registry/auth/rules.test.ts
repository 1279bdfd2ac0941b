/** Who may do what to which repository. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ANONYMOUS_PULL,
  judgeBy,
  repositoryPattern,
  SIGNED_IN_ONLY,
} from '#registry/auth/rules.ts';

test('globs over repository names', () => {
  const cases: readonly (readonly [glob: string, name: string, fits: boolean])[] = [
    ['**', 'a/b/c', true],
    ['team/*', 'team/a', true],
    ['team/*', 'team/a/b', false],
    ['team/**', 'team/a/b', true],
    ['team/**', 'team', false],
    ['team/**', 'teams/a', false],
    ['**/base', 'base', true],
    ['**/base', 'a/b/base', true],
    ['**/base', 'a/database', false],
    ['a?', 'ab', true],
    ['a?', 'a/', false],
    ['a.b', 'axb', false],
    ['app', 'app', true],
    ['app', 'application', false],
  ];
  for (const [glob, name, fits] of cases) {
    assert.equal(repositoryPattern(glob).test(name), fits, `${glob} ${name}`);
  }
});

test('without rules: everything for those who sign in', () => {
  const judge = judgeBy(SIGNED_IN_ONLY);
  assert.equal(judge.allows('ana', 'a/b', 'delete'), true);
  assert.equal(judge.allows(undefined, 'a/b', 'pull'), false);
  assert.equal(judge.welcomesAnonymous, false);
});

test('anonymous pull: pulling for all, the rest for those who sign in', () => {
  const judge = judgeBy(ANONYMOUS_PULL);
  assert.equal(judge.allows(undefined, 'a/b', 'pull'), true);
  assert.equal(judge.allows(undefined, 'a/b', 'push'), false);
  assert.equal(judge.allows('ana', 'a/b', 'push'), true);
  assert.equal(judge.welcomesAnonymous, true);
});

test('rules add up; what none allows is not allowed', () => {
  const judge = judgeBy({
    groups: { dev: ['bob'] },
    rules: [
      { repositories: '**', users: ['*'], actions: ['pull'] },
      { repositories: 'dev/**', groups: ['dev'], actions: ['push'] },
    ],
  });
  assert.equal(judge.allows('bob', 'dev/x', 'pull'), true);
  assert.equal(judge.allows('bob', 'dev/x', 'push'), true);
  assert.equal(judge.allows('bob', 'dev/x', 'delete'), false);
  assert.equal(judge.allows('ana', 'dev/x', 'push'), false);
  assert.equal(judge.allows('bob', 'other/x', 'push'), false);
});
