/**
 * What a lint rule is: data with one function over a parsed Dockerfile. One rule a file
 * (rules/<name>.ts), one list (rules.ts). A rule never prints and never throws.
 */
import type { Severity } from '#core/diagnostic.ts';
import type { Range } from '#core/source.ts';
import type { Dockerfile } from '../ast.ts';
import type { Stages } from '../stages.ts';

export interface Rule {
  /** `StageNameCasing`, `DL3006`. */
  readonly name: string;
  /** buildkit: on by default; hadolint and experimental: on request. */
  readonly profile: 'buildkit' | 'experimental' | 'hadolint';
  readonly severity: Severity;
  /** One sentence: what is wrong, in the peers' words where scripts show them. */
  readonly description: string;
  /** Why it matters and what to write instead: the rule's page in docs/lint is made of it. */
  readonly explanation: string;
  readonly url: string;
  readonly check: (subject: LintSubject) => Iterable<Finding>;
}

/** What rules look at. Everything is computed once for all of them. */
export interface LintSubject {
  readonly dockerfile: Dockerfile;
  readonly stages: Stages;
  /** --build-arg; empty when linting without a build. */
  readonly buildArgs: ReadonlyMap<string, string>;
  /** Whether the context's ignore file leaves a path out; absent without a context. */
  readonly isIgnored?: (path: string) => boolean;
}

export interface Finding {
  /** The particular case, as BuildKit words it. */
  readonly message: string;
  readonly range: Range;
  /** What to do, one sentence. */
  readonly hint?: string;
  /** A mechanical fix that keeps the meaning; edits do not overlap. */
  readonly fix?: readonly Edit[];
}

/** Replaces a range of the source text. */
export interface Edit {
  readonly range: Range;
  readonly text: string;
}

/** A finding with the rule that made it. */
export interface Reported {
  readonly rule: Rule;
  readonly finding: Finding;
}
