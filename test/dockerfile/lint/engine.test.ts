/** Which rules run, what leaves findings out, and in which order they come. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureOf, type LintOptions, lint } from '#dockerfile/lint/engine.ts';
import type { SubjectOptions } from '#dockerfile/lint/subject.ts';
import { checkSubject } from '#test/helpers/build-check.ts';

function names(text: string, options?: LintOptions, subject?: SubjectOptions): string[] {
  return lint(checkSubject(text, subject), options).map(({ rule }) => rule.name);
}

const TWO = 'FROM a as B\n';

test("docker's checks run by default, experimental ones and hadolint's do not", () => {
  assert.deepEqual(names('# hello\nFROM a as B\nRUN sudo x\n'), [
    'FromAsCasing',
    'StageNameCasing',
  ]);
});

test('findings come in the order of their places', () => {
  assert.deepEqual(names('FROM a\ncmd x\nMAINTAINER me\nFROM b as C'), [
    'ConsistentInstructionCasing',
    'JSONArgsRecommended',
    'MaintainerDeprecated',
    'FromAsCasing',
    'StageNameCasing',
  ]);
});

test("a profile adds hadolint's rules, or takes them alone", () => {
  const text = 'FROM a:1 as b\nRUN sudo x\n';
  assert.deepEqual(names(text, { profile: 'all' }), ['FromAsCasing', 'DL3004']);
  assert.deepEqual(names(text, { profile: 'hadolint' }), ['DL3004']);
});

test('the directive skips rules by name, or all of them', () => {
  assert.deepEqual(names(`# check=skip=FromAsCasing\n${TWO}`), ['StageNameCasing']);
  assert.deepEqual(names(`# check=skip=all\n${TWO}`), []);
});

test('options add to the directive', () => {
  const text = `# check=skip=FromAsCasing\n${TWO}`;
  assert.deepEqual(names(text, { skip: ['StageNameCasing'] }), []);
  assert.deepEqual(names(text, { skip: 'all' }), []);
});

test('the build argument stands for the directive', () => {
  const buildArgs = new Map([['BUILDKIT_DOCKERFILE_CHECK', 'skip=StageNameCasing']]);
  const text = `# check=skip=FromAsCasing\n${TWO}`;
  assert.deepEqual(names(text, {}, { buildArgs }), ['FromAsCasing']);
});

test('an experimental rule runs when asked for, whatever is skipped', () => {
  const text = '# hello\nARG x\nFROM a as b\n';
  const found = ['InvalidDefinitionDescription'];
  assert.deepEqual(names(text, { experimental: 'all', skip: 'all' }), found);
  assert.deepEqual(names(`# check=skip=all;experimental=${found[0]}\n${text}`), found);
  assert.deepEqual(names(text, { experimental: ['Other'] }), ['UnknownRule', 'FromAsCasing']);
});

test('an unknown name is said at the directive, with what may be meant', () => {
  const text = `# check=skip=StageNameCasin,FromAsCasing,StageNameCasin\n${TWO}`;
  const [first, ...rest] = lint(checkSubject(text));
  assert.equal(first?.rule.severity, 'info');
  assert.equal(
    first?.finding.message,
    'there is no rule StageNameCasin (did you mean StageNameCasing?)',
  );
  assert.deepEqual(first?.finding.range, { start: 0, end: text.indexOf('\n') });
  assert.deepEqual(
    rest.map(({ rule }) => rule.name),
    ['StageNameCasing'],
  );
});

test('options that cannot be read are an error, and all rules run', () => {
  const [first, ...rest] = lint(checkSubject(`# check=skipp=all\n${TWO}`));
  assert.equal(first?.rule.name, 'CheckOptionsInvalid');
  assert.equal(
    first?.finding.message,
    'failed to parse check options: invalid check option "skipp"',
  );
  assert.equal(rest.length, 2);
});

test('what docker ignores behind a blank is said', () => {
  const text = `# check=skip=FromAsCasing, StageNameCasing\n${TWO}`;
  assert.deepEqual(names(text), ['CheckOptionsCut', 'StageNameCasing']);
});

test('with error the findings fail the build', () => {
  const failing = lint(checkSubject(`# check=error=true\n${TWO}`));
  assert.deepEqual(
    failing.map(({ severity }) => severity),
    ['error', 'error'],
  );
  assert.equal(failureOf(failing), 'lint violation found for rules: FromAsCasing, StageNameCasing');
  assert.equal(failureOf(lint(checkSubject(TWO))), undefined);
  assert.equal(failureOf(lint(checkSubject('FROM a'), { error: true })), undefined);
});

test('a file full of errors is linted as far as it was understood', () => {
  assert.deepEqual(names('FORM a\nFROM b as C\nRUN --nope x\nCOPY\n'), [
    'FromAsCasing',
    'StageNameCasing',
  ]);
  assert.deepEqual(names(''), []);
});
