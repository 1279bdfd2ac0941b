/** Patterns of `${name#…}`: against a slow oracle that tries every way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ShellPattern } from '#dockerfile/shell-pattern.ts';

function patternOf(text: string): ShellPattern {
  const pattern = ShellPattern.parse(text);
  assert.ok(pattern instanceof ShellPattern);
  return pattern;
}

function matches(pattern: string, text: string): boolean {
  const head = pattern[0];
  if (head === undefined) return text === '';
  if (head === '*' && matches(pattern.slice(1), text)) return true;
  if (text === '') return false;
  if (head === '*') return matches(pattern, text.slice(1));
  return (head === '?' || head === text[0]) && matches(pattern.slice(1), text.slice(1));
}

const pattern = fc
  .array(fc.constantFrom('a', 'b', '*', '?'), { maxLength: 5 })
  .map((c) => c.join(''));
const text = fc.array(fc.constantFrom('a', 'b'), { maxLength: 7 }).map((c) => c.join(''));

test('prefixes and suffixes are the ones the oracle finds', () => {
  fc.assert(
    fc.property(pattern, text, (written, value) => {
      const compiled = patternOf(written);
      const cuts = Array.from({ length: value.length + 1 }, (_, index) => index);
      const prefixes = cuts.filter((cut) => matches(written, value.slice(0, cut)));
      const suffixes = cuts.filter((cut) => matches(written, value.slice(cut)));
      assert.equal(compiled.withoutPrefix(value, false), value.slice(prefixes[0] ?? 0));
      assert.equal(compiled.withoutPrefix(value, true), value.slice(prefixes.at(-1) ?? 0));
      const end = value.length;
      assert.equal(compiled.withoutSuffix(value, false), value.slice(0, suffixes.at(-1) ?? end));
      assert.equal(compiled.withoutSuffix(value, true), value.slice(0, suffixes[0] ?? end));
    }),
    { numRuns: 2000 },
  );
});

test('replacing takes the first place and there the longest text', () => {
  assert.equal(patternOf('b*c').replace('abcbcd', '-', false), 'a-d');
  assert.equal(patternOf('b').replace('abcb', '-', true), 'a-c-');
  assert.equal(patternOf('a*').replace('aab', '-', true), '-');
  assert.equal(patternOf('').replace('ab', '-', true), '-a-b-');
  assert.equal(patternOf('x').replace('ab', '-', true), 'ab');
});

test('escapes make characters literal; others are refused', () => {
  assert.equal(patternOf('\\*\\?\\\\').withoutPrefix('*?\\a', false), 'a');
  assert.deepEqual(ShellPattern.parse('a\\b'), { invalidEscape: '\\b' });
  assert.deepEqual(ShellPattern.parse('a\\'), { invalidEscape: '\\' });
});

test('a pattern that backtracking would choke on is quick', () => {
  assert.equal(patternOf(`${'*a'.repeat(20)}b`).withoutPrefix('a'.repeat(200), true).length, 200);
});
