/** Commands of shell text: words, wrappers, nesting, structure, and any text at all. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is shell syntax
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readShell, type ShellScript } from '#dockerfile/lint/shell-words.ts';

function read(text: string): ShellScript {
  return readShell(text, (start, end) => ({ start, end }));
}

/** Commands as lists of words. */
function commands(text: string): readonly (readonly string[])[] {
  return read(text).commands.map(({ name, args }) => [name, ...args].map((word) => word.text));
}

const texts: readonly (readonly [text: string, expected: readonly (readonly string[])[]])[] = [
  ['', []],
  ['a', [['a']]],
  ['a b && c||d;e & f', [['a', 'b'], ['c'], ['d'], ['e'], ['f']]],
  ['a | b |& c', [['a'], ['b'], ['c']]],
  ['a\nb\n\nc', [['a'], ['b'], ['c']]],
  ['a # b; c', [['a']]],
  ['a b#c', [['a', 'b#c']]],
  ['a\\\n  b', [['a', 'b']]],
  [`a 'b; c' "d && e" f\\ g`, [['a', 'b; c', 'd && e', 'f g']]],
  ['a "b \\" \\x \\$c"', [['a', 'b " \\x $c']]],
  ['a $b ${c:-d e} $((1 + (2))) $', [['a', '$b', '${c:-d e}', '$()', '$']]],
  [
    'a "$(b "c d")" e',
    [
      ['b', 'c d'],
      ['a', '$()', 'e'],
    ],
  ],
  [
    'a `b c` d',
    [
      ['b', 'c'],
      ['a', '$()', 'd'],
    ],
  ],
  ['(a; b) && { c; }', [['a'], ['b'], ['c']]],
  ['a <(b) >(c)', [['b'], ['c'], ['a', '$()', '$()']]],
  ['a > b 2>&1 < c &> d >> e f', [['a', 'f']]],
  ['a 2 >b', [['a', '2']]],
  ['if a; then b; elif c; then d; else e; fi', [['a'], ['b'], ['c'], ['d'], ['e']]],
  ['for x in a b; do c $x; done', [['c', '$x']]],
  ['while ! a; do b; done', [['a'], ['b']]],
  ['case $x in a|b) c ;; (d) e ;; *) f;; esac; g', [['c'], ['e'], ['f'], ['g']]],
  ['f() { a; }; f', [['a'], ['f']]],
  ['x=(a b) c', [['c']]],
  ['cat <<EOF > f\nno\nEOF\na', [['cat'], ['a']]],
  ['cat <<-"EOF"\n\tno\n\tEOF\na', [['cat'], ['a']]],
  ['cat <<< a; b', [['cat'], ['b']]],
  ['"if" a', [['if', 'a']]],
];

describe('commands', () => {
  for (const [text, expected] of texts) {
    test(JSON.stringify(text), () => assert.deepEqual(commands(text), expected));
  }
});

describe('what stands in front of a command', () => {
  test('assignments and wrappers are told apart from it', () => {
    const [command] = read('A=1 B="c d" sudo -E -u x env C=2 nice -n 5 make D=3').commands;
    assert.ok(command);
    assert.equal(command.name.text, 'make');
    assert.deepEqual(
      command.assignments.map(({ text }) => text),
      ['A=1', 'B=c d', 'C=2'],
    );
    assert.deepEqual(
      command.wrappers.map(({ text }) => text),
      ['sudo', 'env', 'nice'],
    );
    assert.deepEqual(
      command.args.map(({ text }) => text),
      ['D=3'],
    );
  });

  test('a wrapper alone is the command', () => {
    assert.deepEqual(commands('sudo -v; env; A=1'), [['sudo'], ['env']]);
  });

  test('asking for a command does not run it', () => {
    assert.deepEqual(commands('command -v curl; command curl'), [
      ['command', '-v', 'curl'],
      ['curl'],
    ]);
  });
});

test('pipes have their place, alternatives and patterns are none', () => {
  const text = 'a | b || c "|" |& d; case x in y|z) e;; esac';
  const places = read(text).pipes.map(({ start, end }) => [start, text.slice(start, end)]);
  assert.deepEqual(places, [
    [2, '|'],
    [15, '|&'],
  ]);
});

/** Words as the text has them; what a substitution holds lies inside the outer word. */
test('the place of a word is the word with its quotes', () => {
  const text = `a 'b c'"d" "$(e f)"x; g`;
  const words = read(text).commands.flatMap(({ name, args }) => [name, ...args]);
  assert.deepEqual(
    words.map(({ range }) => text.slice(range.start, range.end)),
    ['e', 'f', 'a', `'b c'"d"`, '"$(e f)"x', 'g'],
  );
});

const pieces = fc.array(
  fc.oneof(
    fc.constantFrom(
      ...[
        'a',
        'case',
        'in',
        'esac',
        'if',
        'sudo',
        ' ',
        '\n',
        '"',
        "'",
        '`',
        '$(',
        '${',
        '$((',
        '(',
        ')',
      ],
      ...['{', '}', '|', '&', ';', ';;', '<', '<<', '>', '\\', '#', '=', '!', '-', '\u00e9'],
    ),
    fc.string({ maxLength: 3 }),
  ),
  { maxLength: 60 },
);

test('any text is read, and every place lies within it', () => {
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join('');
      const script = read(text);
      const words = script.commands.flatMap(({ name, args, wrappers, assignments }) => [
        ...[name, ...args],
        ...[...wrappers, ...assignments],
      ]);
      for (const { start, end } of [...words.map(({ range }) => range), ...script.pipes]) {
        assert.ok(start >= 0 && start < end && end <= text.length, JSON.stringify(text));
      }
    }),
  );
});

test('words without anything special come back as they are', () => {
  const word = fc.stringMatching(/^[b-d][b-d0-9./-]{0,8}$/);
  fc.assert(
    fc.property(fc.array(fc.array(word, { minLength: 1 }), { minLength: 1 }), (lists) => {
      const text = lists.map((words) => words.join(' ')).join(' && ');
      assert.deepEqual(commands(text), lists);
    }),
  );
});

/** Each character is looked at a few times at most: the texts are far too long for more. */
test('deep and unclosed nesting is read in one pass', () => {
  for (const piece of [
    '$(',
    '(',
    '`',
    '"$(',
    '${',
    '$((',
    'case x in ',
    '<(',
    "'",
    '<<x\n',
    'a=(',
  ]) {
    const text = piece.repeat(200_000);
    let places = 0;
    readShell(text, (start, end) => {
      places++;
      return { start, end };
    });
    assert.ok(places <= text.length);
  }
});
