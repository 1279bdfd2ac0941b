/** Whatever tree is printed, parsing gives it back, and every operand knows its place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Dockerfile } from '#dockerfile/ast.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { isJsonArray, parseFlag } from '#dockerfile/scan.ts';
import { anyInstruction } from '#test/helpers/arbitrary-dockerfile.ts';
import {
  type BareInstruction,
  bare,
  foldLine,
  printDockerfile,
  printInstruction,
} from '#test/helpers/print-dockerfile.ts';

const ESCAPES = ['\\', '`'] as const;
const FIRST: BareInstruction = { kind: 'from', image: { text: 'scratch' } };

function parse(text: string): Dockerfile {
  const parsed = parseDockerfile({ name: 'Dockerfile', text });
  assert.deepEqual(parsed.diagnostics, []);
  return parsed;
}

/** Every operand of a tree: what has a text and a place, and nothing else. */
function operandsIn(value: unknown): readonly { text: string; start: number; end: number }[] {
  if (Array.isArray(value)) return value.flatMap(operandsIn);
  if (typeof value !== 'object' || value === null) return [];
  if ('text' in value && 'range' in value) {
    const { text, range } = value;
    assert.ok(typeof text === 'string' && typeof range === 'object' && range !== null);
    assert.ok('start' in range && 'end' in range);
    return [{ text, start: Number(range.start), end: Number(range.end) }];
  }
  return Object.values(value).flatMap(operandsIn);
}

/** As written, or as a JSON string, or as a flag's value with its quotes and backslashes. */
function meanings(written: string): readonly unknown[] {
  const json = isJsonArray(`[${written}]`) ? JSON.parse(`[${written}]`) : [];
  return [written, ...json, parseFlag(`--x=${written}`).value];
}

for (const escapeCharacter of ESCAPES) {
  const instructions = fc.array(anyInstruction(escapeCharacter), { minLength: 1, maxLength: 5 });

  test(`parse after print is the same tree, escape ${escapeCharacter}`, () => {
    fc.assert(
      fc.property(instructions, (some) => {
        const text = printDockerfile([FIRST, ...some], escapeCharacter);
        assert.deepEqual(bare(parse(text).instructions), [FIRST, ...some].map(bare));
      }),
      { numRuns: 400 },
    );
  });

  test(`continuations and comments change nothing, escape ${escapeCharacter}`, () => {
    fc.assert(
      fc.property(anyInstruction(escapeCharacter), (one) => {
        const [line = '', ...bodies] = printInstruction(one).split('\n');
        const folded = [foldLine(line, escapeCharacter), ...bodies].join('\n');
        const text = `${printDockerfile([FIRST], escapeCharacter)}${folded}\n`;
        assert.deepEqual(bare(parse(text).instructions), [FIRST, one].map(bare));
      }),
      { numRuns: 400 },
    );
  });

  test(`ranges slice back to the operand, escape ${escapeCharacter}`, () => {
    fc.assert(
      fc.property(instructions, (some) => {
        const { file, instructions: parsed } = parse(
          printDockerfile([FIRST, ...some], escapeCharacter),
        );
        for (const { text, start, end } of operandsIn(parsed)) {
          const written = file.text.slice(start, end);
          assert.ok(meanings(written).includes(text), JSON.stringify({ text, written }));
        }
      }),
      { numRuns: 400 },
    );
  });
}
