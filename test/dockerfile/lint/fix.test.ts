/** Fixes in passes: order, clashes, and what they never do to a file. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Instruction } from '#dockerfile/ast.ts';
import { lint } from '#dockerfile/lint/engine.ts';
import { applyFixes, fixAll } from '#dockerfile/lint/fix.ts';
import type { Edit, Reported } from '#dockerfile/lint/rule.ts';
import { RULES } from '#dockerfile/lint/rules.ts';
import { createSubject } from '#dockerfile/lint/subject.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { expandWord } from '#dockerfile/words.ts';

function edit(start: number, end: number, text: string): Edit {
  return { range: { start, end }, text };
}

/** A finding with a fix, at the place of its first edit. */
function reported(...fix: readonly Edit[]): Reported {
  const [rule] = RULES;
  const [first] = fix;
  assert.ok(rule && first);
  return { rule, finding: { message: 'x', range: first.range, fix } };
}

describe('one pass', () => {
  test('edits come in any order', () => {
    const fixed = applyFixes('abcdef', [reported(edit(4, 5, 'E')), reported(edit(0, 1, 'A'))]);
    assert.equal(fixed.text, 'AbcdEf');
    assert.equal(fixed.applied.length, 2);
  });

  test('a fix is applied whole or not at all', () => {
    const first = reported(edit(1, 3, 'X'));
    const second = reported(edit(2, 4, 'Y'), edit(5, 6, 'Z'));
    assert.deepEqual(applyFixes('abcdef', [second, first]), {
      text: 'aXdef',
      applied: [first],
      postponed: [second],
    });
  });

  test('two fixes that meet at a point wait for each other', () => {
    const fixes = [reported(edit(1, 1, 'X')), reported(edit(1, 1, 'Y')), reported(edit(0, 1, 'Z'))];
    assert.equal(applyFixes('ab', fixes).applied.length, 1);
  });

  test('the same edit of two rules is made once', () => {
    const fixed = applyFixes('abc', [reported(edit(1, 2, 'X')), reported(edit(1, 2, 'X'))]);
    assert.equal(fixed.text, 'aXc');
    assert.equal(fixed.applied.length, 2);
  });

  test('findings without a fix change nothing', () => {
    const [rule] = RULES;
    assert.ok(rule);
    const finding = { message: 'x', range: { start: 0, end: 1 } };
    assert.deepEqual(applyFixes('abc', [{ rule, finding }]), {
      text: 'abc',
      applied: [],
      postponed: [],
    });
  });
});

function lintAll(text: string): readonly Reported[] {
  const dockerfile = parseDockerfile({ name: 'Dockerfile', text });
  return lint(createSubject(dockerfile), { profile: 'all' });
}

function parses(text: string): boolean {
  const { diagnostics } = parseDockerfile({ name: 'Dockerfile', text });
  return diagnostics.every(({ severity }) => severity !== 'error');
}

test('passes go on until nothing can be fixed', () => {
  const text = [
    'from a:1 as Build',
    'maintainer Me',
    'ENV a b',
    'RUN apt-get install curl=1',
    'FROM BUILD',
    'CMD app --now',
  ].join('\n');
  const fixed = fixAll(text, lintAll);
  assert.equal(
    fixed.text,
    [
      'FROM a:1 AS build',
      'LABEL org.opencontainers.image.authors="Me"',
      'ENV a=b',
      'RUN apt-get install --no-install-recommends -y curl=1',
      'FROM build',
      'CMD ["app", "--now"]',
    ].join('\n'),
  );
  assert.ok(fixed.remaining.every(({ finding }) => finding.fix === undefined));
});

test('fixes that never come to rest are stopped', () => {
  let passes = 0;
  const fixed = fixAll('a', (text) => {
    passes++;
    return [reported(edit(0, text.length, `${text}a`))];
  });
  assert.ok(passes < 20);
  assert.equal(fixed.count, fixed.text.length - 1);
});

const line = fc.oneof(
  fc.constantFrom(
    'FROM a AS Build',
    'from BUILD as other',
    'FROM build',
    'MAINTAINER "Me" $x \\y',
    "maintainer it's me # you",
    'ENV a b c',
    'env a "b" c',
    "ENV a 'b",
    'ENV a \\',
    'LABEL a b\\ c',
    'CMD app --x',
    'entrypoint app',
    'CMD ["a" , "b"]',
    'CMD a \\',
    '  b',
    'HEALTHCHECK cmd curl x',
    'RUN apt-get install curl',
    'RUN apt-get install\\',
    'RUN ["apt-get", "install", "a"]',
    'ONBUILD RUN apt-get install x',
    'ONBUILD MAINTAINER me',
    'Onbuild cmd x',
    'COPY --from="Build" a b',
    'COPY --from=BUILD a b',
    'RUN --mount=from=Build,target=/x a',
    'RUN <<EOF',
    'apt-get install curl',
    'EOF',
    '# comment',
    '',
    'EXPOSE 80/TCP',
    '# escape=`',
    'SHELL ["a"]',
  ),
  fc
    .tuple(
      fc.constantFrom(
        'ENV a ',
        'MAINTAINER ',
        'CMD ',
        'RUN apt-get install ',
        'LABEL ',
        'FROM a AS ',
      ),
      fc.string({ maxLength: 12, unit: fc.constantFrom(...'ab "\'\\`$={}[],;#\t<') }),
    )
    .map((parts) => parts.join('')),
);

const files = fc
  .tuple(fc.boolean(), fc.array(line, { maxLength: 10 }), fc.constantFrom('\n', '\r\n'))
  .map(([isEscaped, lines, end]) =>
    [...(isEscaped ? ['# escape=`'] : []), 'FROM a', ...lines].join(end),
  );

/** What ENV and LABEL set, expanded; undefined for a value that cannot be; `-` for the others. */
function settings(text: string): readonly unknown[] {
  const { instructions, directives } = parseDockerfile({ name: 'Dockerfile', text });
  const env = new Map([['a', '1']]);
  const expanded = (value: string): string | undefined => {
    try {
      return expandWord(value, { env, escape: directives.escape });
    } catch {
      return undefined;
    }
  };
  return instructions.map((instruction) =>
    (instruction.kind === 'env' || instruction.kind === 'label') && !isAuthors(instruction)
      ? instruction.pairs.map(({ key, value }) => [expanded(key.text), expanded(value.text)])
      : '-',
  );
}

/** The label that MAINTAINER becomes. */
function isAuthors(instruction: Instruction): boolean {
  return /^LABEL org\.opencontainers\.image\.authors=/i.test(instruction.source);
}

test('a file that parses still does when it is fixed, and a second time changes nothing', () => {
  fc.assert(
    fc.property(files, (text) => {
      fc.pre(parses(text));
      const fixed = fixAll(text, lintAll);
      assert.ok(parses(fixed.text), `${text}\n----\n${fixed.text}`);
      assert.equal(fixAll(fixed.text, lintAll).text, fixed.text);
      assert.deepEqual(settings(fixed.text), settings(text));
    }),
    { numRuns: 500 },
  );
});
