/** Runs one of BuildKit's checks: docker's line, the exact place, docker's message, and the fix. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { positionAt } from '#core/source.ts';
import { applyFixes } from '#dockerfile/lint/fix.ts';
import type { LintSubject, Rule } from '#dockerfile/lint/rule.ts';
import { createSubject, type SubjectOptions } from '#dockerfile/lint/subject.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';

/** The line docker names, the text at the range, the message. */
export type Expected = readonly [line: number, place: string, message: string];

export interface CheckCases {
  readonly finds: readonly (readonly [
    text: string,
    findings: readonly Expected[],
    options?: SubjectOptions,
  ])[];
  readonly silent: readonly (readonly [text: string, options?: SubjectOptions])[];
  /** Texts before and after the check's own fixes; equal where it has none. */
  readonly fixes?: readonly (readonly [before: string, after: string])[];
}

export function checkSubject(text: string, options: SubjectOptions = {}): LintSubject {
  return createSubject(parseDockerfile({ name: 'Dockerfile', text }), options);
}

export function testCheck(rule: Rule, { finds, silent, fixes = [] }: CheckCases): void {
  for (const [text, expected, options] of finds) {
    test(`${rule.name} finds ${JSON.stringify(text)}`, () => {
      assert.deepEqual(findingsOf(rule, text, options), expected);
    });
  }
  for (const [text, options] of silent) {
    test(`${rule.name} has nothing to say of ${JSON.stringify(text)}`, () => {
      assert.deepEqual(findingsOf(rule, text, options), []);
    });
  }
  for (const [before, after] of fixes) {
    test(`${rule.name} makes ${JSON.stringify(after)} of ${JSON.stringify(before)}`, () => {
      assert.equal(fixedBy(rule, before), after);
    });
  }
}

function findingsOf(rule: Rule, text: string, options?: SubjectOptions): Expected[] {
  const subject = checkSubject(text, options);
  return [...rule.check(subject)].map(({ range, statement = range, message, hint }) => {
    assert.match(hint ?? '', /^[A-Z].*\S$/, 'a finding says what to do');
    const { line } = positionAt(subject.dockerfile.file, statement.start);
    return [line, text.slice(range.start, range.end), message];
  });
}

function fixedBy(rule: Rule, text: string): string {
  const reported = [...rule.check(checkSubject(text))].map((finding) => ({ rule, finding }));
  return applyFixes(text, reported).text;
}
