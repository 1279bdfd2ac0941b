/** Edits that keep the meaning: what they make of a text, and where they keep their hands off. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Instruction } from '#dockerfile/ast.ts';
import { authorsLabel, pairWithEquals, plainWords, renameStage } from '#dockerfile/lint/edits.ts';
import { applyFixes } from '#dockerfile/lint/fix.ts';
import { HADOLINT_RULES } from '#dockerfile/lint/hadolint-rules.ts';
import type { Edit, LintSubject } from '#dockerfile/lint/rule.ts';
import { subjectOf } from '#test/helpers/lint-rule.ts';

const [rule] = HADOLINT_RULES;
assert.ok(rule);

/** The text after these edits, undefined when there are none. */
function edited(text: string, fix: readonly Edit[] | undefined): string | undefined {
  assert.ok(rule);
  if (fix === undefined) return undefined;
  const finding = { message: '', range: { start: 0, end: 0 }, fix };
  return applyFixes(text, [{ rule, finding }]).text;
}

function last(subject: LintSubject): Instruction {
  const instruction = subject.dockerfile.instructions.at(-1);
  assert.ok(instruction);
  return instruction;
}

describe('name value to name=value', () => {
  const cases: readonly (readonly [before: string, after: string | undefined])[] = [
    ['ENV a b', 'ENV a=b'],
    ['ENV a   b c $d', 'ENV a="b c $d"'],
    ['LABEL a\tb', 'LABEL a=b'],
    ['ENV a "b"', 'ENV a="b"'],
    ['ENV a b=c', 'ENV a=b=c'],
    ['ENV a \\\n b \\\n c', 'ENV a="b \\\n c"'],
    ['ENV a \\\n# why\n b', undefined],
    ['ENV a b "c" d', undefined],
    ["ENV a it's b's", undefined],
    ['ENV a b\\ c d', undefined],
  ];
  for (const [before, after] of cases) {
    test(JSON.stringify(before), () => {
      const text = `FROM a:1\n${before}\n`;
      const subject = subjectOf(text);
      const instruction = last(subject);
      assert.ok(instruction.kind === 'env' || instruction.kind === 'label');
      const [pair] = instruction.pairs;
      assert.ok(pair);
      const expected = after === undefined ? undefined : `FROM a:1\n${after}\n`;
      assert.equal(edited(text, pairWithEquals(pair, subject)), expected);
    });
  }
});

describe('MAINTAINER to a label', () => {
  const key = 'LABEL org.opencontainers.image.authors=';
  const cases: readonly (readonly [before: string, after: string | undefined])[] = [
    ['MAINTAINER Me <me@example.org>', `${key}"Me <me@example.org>"`],
    ['maintainer "Me"', `${key}"Me"`],
    ['MAINTAINER a "b" $c \\d', `${key}"a \\"b\\" \\$c \\\\d"`],
    ['MAINTAINER a \\\n b', undefined],
  ];
  for (const [before, after] of cases) {
    test(JSON.stringify(before), () => {
      const text = `FROM a:1\n${before}`;
      const subject = subjectOf(text);
      const instruction = last(subject);
      assert.ok(instruction.kind === 'maintainer');
      const expected = after === undefined ? undefined : `FROM a:1\n${after}`;
      assert.equal(edited(text, authorsLabel(instruction, subject)), expected);
    });
  }

  test('the escape character of the file is used', () => {
    const text = '# escape=`\nFROM a:1\nMAINTAINER a\\b "c" `d';
    const subject = subjectOf(text);
    const instruction = last(subject);
    assert.ok(instruction.kind === 'maintainer');
    assert.match(edited(text, authorsLabel(instruction, subject)) ?? '', /"a\\b `"c`" ``d"$/);
  });
});

test('plain words are those that no shell changes', () => {
  assert.deepEqual(plainWords(' a --b=c  /d,e:80 f@g%h+i '), ['a', '--b=c', '/d,e:80', 'f@g%h+i']);
  for (const command of ['a $b', 'a "b"', "a 'b'", 'a;b', 'a*', '~/a', 'a {b,c}', 'a\\b', '!a']) {
    assert.equal(plainWords(command), undefined, command);
  }
  for (const command of ['exec a', 'cd a', 'A=1 b', '. a', '']) {
    assert.equal(plainWords(command), undefined, command);
  }
});

describe('renaming a stage', () => {
  function renamed(text: string): string | undefined {
    const subject = subjectOf(text);
    const stage = subject.stages.stages.find(({ name }) => name === 'build');
    assert.ok(stage);
    return edited(text, renameStage(stage, 'build', subject));
  }

  test('changes every mention, and nothing else', () => {
    const before = [
      'FROM a:1 AS Build',
      'FROM BUILD AS other',
      'COPY --from=Build /Build /x',
      'COPY --from=build /x /y',
      'RUN --mount=type=bind,from=BuilD,target=/x echo Build',
      'CMD ["Build"]',
    ].join('\n');
    const after = [
      'FROM a:1 AS build',
      'FROM build AS other',
      'COPY --from=build /Build /x',
      'COPY --from=build /x /y',
      'RUN --mount=type=bind,from=build,target=/x echo Build',
      'CMD ["Build"]',
    ].join('\n');
    assert.equal(renamed(before), after);
  });

  test('an image of the same name above it stays', () => {
    assert.equal(
      renamed('FROM Build AS Build\nFROM Build'.replace('FROM B', 'FROM b')),
      ['FROM build AS build', 'FROM build'].join('\n'),
    );
  });

  test('a name given twice, or in quotes, is left alone', () => {
    assert.equal(renamed('FROM a:1 AS Build\nFROM b:1 AS build'), undefined);
    assert.equal(renamed('FROM a:1 AS Build\nFROM b:1\nCOPY --from="Build" /x /y'), undefined);
  });
});
