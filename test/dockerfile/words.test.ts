/** Word expansion: the shared reference table, and our own cases for what it leaves out. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSlipwayError } from '#core/errors.ts';
import { expand, expandWord, expandWords } from '#dockerfile/words.ts';
import { hasSuites, readCases } from '#test/helpers/suites.ts';

interface ExpansionCase {
  readonly from: string;
  readonly input: string;
  readonly env: Readonly<Record<string, string>>;
  readonly expect?: string;
  readonly expectWords?: readonly string[];
  readonly error?: boolean;
  readonly errorContains?: string;
  readonly matched?: readonly string[];
  readonly unmatched?: readonly string[];
}

test('word expansion agrees with the shared table', async (t) => {
  if (!hasSuites()) return t.skip('needs ../shared/suites');
  const cases = readCases<ExpansionCase>('shell-expansion.json');
  assert.equal(cases.length, 154);
  for (const row of cases) {
    await t.test(`${row.from} ${JSON.stringify(row.input)}`, () => {
      const env = new Map(Object.entries(row.env));
      if (row.error === true) {
        assert.throws(
          () => expand(row.input, { env }),
          (error) =>
            isSlipwayError(error, 'DOCKERFILE_INVALID') &&
            error.message.includes(row.errorContains ?? 'failed to process'),
        );
        return;
      }
      const result = expand(row.input, { env });
      if (row.expect !== undefined) assert.equal(result.text, row.expect);
      if (row.expectWords !== undefined) assert.deepEqual(result.words, row.expectWords);
      if (row.matched !== undefined) assert.deepEqual([...result.matched].sort(), row.matched);
      if (row.unmatched !== undefined)
        assert.deepEqual([...result.unmatched].sort(), row.unmatched);
    });
  }
});

const env = new Map([
  ['A', 'a b'],
  ['EMPTY', ''],
  ['FILE', 'archive.tar.gz'],
  ['LINES', 'one\ntwo'],
]);

const expanded: readonly (readonly [what: string, input: string, expected: string])[] = [
  ['a default is used when the value is empty, with a colon only', '${EMPTY:-x}${EMPTY-y}', 'x'],
  ['the shortest suffix goes', '${FILE%.*}', 'archive.tar'],
  ['the longest suffix goes', '${FILE%%.*}', 'archive'],
  ['the shortest prefix goes', '${FILE#*.}', 'tar.gz'],
  ['the longest prefix goes', '${FILE##*.}', 'gz'],
  ['the first match is replaced by the longest text', '${FILE/a*r/-}', '-.gz'],
  ['every match is replaced', '${FILE//r/R}', 'aRchive.taR.gz'],
  ['an empty pattern is between all characters', '${A///-}', '-a- -b-'],
  ['an escaped slash is part of the pattern', '${FILE/e\\/t/x}', 'archive.tar.gz'],
  ['? is one character', '${FILE/?.?/x}', 'archivxar.gz'],
  ['* does not cross a newline', '${LINES#*}', 'one\ntwo'],
  ['a name stops at the first other character', '$A.$EMPTY/', 'a b./'],
  ['a lone dollar stays', 'cost: $ 5', 'cost: $ 5'],
];

for (const [what, input, expected] of expanded) {
  test(what, () => assert.equal(expandWord(input, { env }), expected));
}

const refused: readonly (readonly [input: string, message: string])[] = [
  ['${x', 'unsupported modifier (\uFFFD) in substitution'],
  ['${x:z}', 'unsupported modifier (:z) in substitution'],
  ['${x?}', 'x: is not allowed to be unset'],
  ['${EMPTY:?}', 'EMPTY: is not allowed to be empty'],
  ['${FILE#\\x}', "invalid pattern (\\x) in substitution: invalid escape '\\x'"],
  [`${'${x:-'.repeat(200)}`, 'substitutions are nested more than 100 deep'],
];

for (const [input, message] of refused) {
  test(`${input.slice(0, 20)} is refused`, () => {
    assert.throws(
      () => expandWord(input, { env }),
      (error) =>
        isSlipwayError(error, 'DOCKERFILE_INVALID') &&
        error.hint !== undefined &&
        error.message === `failed to process ${JSON.stringify(input)}: ${message}`,
    );
  });
}

test('the escape character is the one of the file', () => {
  assert.equal(expandWord('`$A \\$A', { env, escape: '`' }), '$A \\a b');
});

test('quotes and escapes can be kept', () => {
  const options = { env, keepQuotes: true, keepEscapes: true };
  assert.equal(expandWord(`'$A' "$A" \\$A`, options), `'$A' "a b" \\$A`);
});

test('quotes mean nothing in a heredoc body', () => {
  assert.equal(expandWord(`'$A' "\\$A" it's`, { env, ignoreQuotes: true }), `'a b' "$A" it's`);
});

test('references to unset names can be kept as written', () => {
  const text = '$NO ${NO} ${NO:-$A} ${NO#x} ${NO/a/b} $A';
  assert.equal(expandWord(text, { env, keepUnset: true }), `${text.slice(0, -2)}a b`);
});

test('what an expansion brings in is split, quoted text is not', () => {
  assert.deepEqual(expandWords('$A "$A" c\\ d', { env }), ['a', 'b', 'a b', 'c d']);
});
