/** What stages hand on to each other, and that long chains and many names stay cheap. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluationOf } from '#dockerfile/lint/evaluation.ts';
import { checkSubject } from '#test/helpers/build-check.ts';

const texts = (text: string, buildArgs: ReadonlyMap<string, string> = new Map()) =>
  evaluationOf(checkSubject(text, { buildArgs })).stages.map(({ statements }) =>
    statements.flatMap(({ words }) => words.map((word) => word.text)),
  );

test('two stages upon one see its variables, not those of each other', () => {
  const text =
    'FROM a AS x\nENV A=1\nFROM x\nENV B=$A\nUSER $B\nFROM x\nUSER $A$B\nFROM c\nUSER $A';
  assert.deepEqual(texts(text), [['A', '1'], ['B', '1', '1'], ['1'], ['']]);
});

test('build arguments win over defaults, where ARG declares them', () => {
  const text = 'ARG A=1\nFROM a\nUSER $A\nARG A\nUSER $A\nARG B=2\nUSER $B\nUSER $C';
  const given = new Map([
    ['B', '3'],
    ['C', '4'],
  ]);
  assert.deepEqual(texts(text, given), [['', '1', '3', '']]);
});

test('a thousand unset names in a thousand stages end', () => {
  const stages = Array.from(
    { length: 1000 },
    (_, index) => `FROM ${index === 0 ? 'a' : `s${index - 1}`} AS s${index}\nENV V${index}=$none`,
  );
  const { stages: evaluated } = evaluationOf(checkSubject(stages.join('\n')));
  assert.deepEqual(evaluated.at(-1)?.statements[0]?.words[1]?.unset, [{ name: 'none' }]);
});
