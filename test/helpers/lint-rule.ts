/** Runs one lint rule over a text: what it finds, where, and what its fixes make of it. */
import assert from 'node:assert/strict';
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

export function findingsOf(rule: Rule, text: string): readonly Finding[] {
  return [...rule.check(subjectOf(text))];
}

/** The places that the rule complains about, as they stand in the text. */
export function placesOf(rule: Rule, text: string): readonly string[] {
  return findingsOf(rule, text).map(({ range }) => text.slice(range.start, range.end));
}

/** The text after the rule's own fixes. */
export function fixedBy(rule: Rule, text: string): string {
  const reported = findingsOf(rule, text).map((finding) => ({ rule, finding }));
  return applyFixes(text, reported).text;
}
