/** Runs one lint rule over a text: what it finds, where, and what its fixes make of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyFixes } from '#dockerfile/lint/fix.ts';
import type { Finding, LintSubject, Rule } from '#dockerfile/lint/rule.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { splitStages } from '#dockerfile/stages.ts';

/** The text must be in order: rules are not asked about files that do not parse. */
export function subjectOf(text: string): LintSubject {
  const dockerfile = parseDockerfile({ name: 'Dockerfile', text });
  const errors = dockerfile.diagnostics.filter(({ severity }) => severity === 'error');
  assert.deepEqual(
    errors.map(({ message }) => message),
    [],
  );
  return { dockerfile, stages: splitStages(dockerfile), buildArgs: new Map() };
}

export interface RuleCases {
  /** Texts with the places that the rule complains about, as they stand in the text. */
  readonly catches: readonly (readonly [text: string, places: readonly string[]])[];
  readonly isSilentAbout: readonly string[];
  /** Texts before and after the rule's own fixes; a text that cannot be fixed stays. */
  readonly fixes?: readonly (readonly [before: string, after: string])[];
}

/** A test for each case, and for what all findings have in common. */
export function testRule(rule: Rule, cases: RuleCases): void {
  for (const [text, places] of cases.catches) {
    test(`${rule.name} catches ${JSON.stringify(text)}`, () => {
      const findings = findingsOf(rule, text);
      const caught = findings.map(({ range }) => text.slice(range.start, range.end));
      assert.deepEqual(caught, places);
      for (const { message, hint } of findings) {
        assert.match(message, /^\S.*[^.\s]$/);
        assert.match(hint ?? '', /^[A-Z].*\S$/, 'a finding says what to do');
      }
    });
  }
  for (const text of cases.isSilentAbout) {
    test(`${rule.name} is silent about ${JSON.stringify(text)}`, () => {
      assert.deepEqual(findingsOf(rule, text), []);
    });
  }
  for (const [before, after] of cases.fixes ?? []) {
    test(`${rule.name} makes ${JSON.stringify(after)} of ${JSON.stringify(before)}`, () => {
      assert.equal(fixedBy(rule, before), after);
      assert.equal(fixedBy(rule, after), after);
    });
  }
}

function findingsOf(rule: Rule, text: string): readonly Finding[] {
  return [...rule.check(subjectOf(text))];
}

function fixedBy(rule: Rule, text: string): string {
  const reported = findingsOf(rule, text).map((finding) => ({ rule, finding }));
  return applyFixes(text, reported).text;
}
