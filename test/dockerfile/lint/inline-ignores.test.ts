/** `# hadolint ignore=…` and `# check=skip=…` above an instruction, and pragmas for the whole file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lint } from '#dockerfile/lint/engine.ts';
import { checkSubject } from '#test/helpers/build-check.ts';

function found(text: string): string[] {
  return lint(checkSubject(text), { profile: 'all' }).map(({ rule }) => rule.name);
}

test('a pragma holds for the instruction below it only', () => {
  const text = 'FROM a:1\n# hadolint ignore=DL3004\nRUN sudo x\nRUN sudo y\n';
  assert.deepEqual(found(text), ['DL3059', 'DL3004']);
});

test('a pragma may name several rules, of docker too', () => {
  const text = '# hadolint ignore=DL3006, StageNameCasing\nFROM a as B\n';
  assert.deepEqual(found(text), ['FromAsCasing']);
});

test('it holds for every line of the instruction', () => {
  const text = 'FROM a:1\n# hadolint ignore=NoEmptyContinuation\nRUN x \\\n\n  y\n';
  assert.deepEqual(found(text), []);
});

test('other comments may stand between', () => {
  assert.deepEqual(found('# hadolint ignore=DL3007\n# the newest\nFROM a:latest\n'), []);
});

test('a global pragma holds everywhere', () => {
  const text = '# hadolint global ignore=DL3004,DL3059\nFROM a:1\nRUN sudo x\nRUN sudo y\n';
  assert.deepEqual(found(text), []);
});

test('what only looks like a pragma is a comment', () => {
  assert.deepEqual(found('# ignore=DL3007\n# hadolint ignores=DL3007\nFROM a:latest\n'), [
    'DL3007',
  ]);
});

test('docker’s own form above an instruction holds for it, with several names', () => {
  const text = 'FROM a:1\n# check=skip=DL3004,DL3059\nRUN sudo x\nRUN sudo y\n';
  assert.deepEqual(found(text), ['DL3059', 'DL3004']);
});

test('on the first lines it is the directive, for the whole file', () => {
  const text = '# check=skip=DL3004,DL3059\nFROM a:1\nRUN sudo x\nRUN sudo y\n';
  assert.deepEqual(found(text), []);
});

test('check=error above an instruction is a comment', () => {
  assert.deepEqual(found('FROM a:1\n# check=error=true\nRUN sudo x\n'), ['DL3004']);
});

test('all stands for every rule', () => {
  assert.deepEqual(found('FROM a:1\n# check=skip=all\nRUN sudo x\nRUN sudo y\n'), [
    'DL3059',
    'DL3004',
  ]);
});

test('a name that no rule has is told where it stands; hadolint has more rules than we', () => {
  const text =
    'FROM a:1\n# check=skip=WorkdirRelativPath\n# hadolint ignore=DL9999,SC2086\nWORKDIR /w\n';
  const [note, ...others] = lint(checkSubject(text), { profile: 'all' });
  assert.deepEqual(others, []);
  assert.ok(note);
  assert.equal(note.rule.severity, 'info');
  const { message, range } = note.finding;
  assert.equal(message, 'there is no rule WorkdirRelativPath (did you mean WorkdirRelativePath?)');
  assert.equal(text.slice(range.start, range.end), '# check=skip=WorkdirRelativPath');
});
