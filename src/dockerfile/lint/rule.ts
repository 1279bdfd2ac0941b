/**
 * What a lint rule is: data with one function over a parsed Dockerfile. One rule a file
 * (rules/<name>.ts), one list (rules.ts). A rule never prints and never throws.
 */
import type { Severity } from '#core/diagnostic.ts';
import type { Platform } from '#core/platform.ts';
import type { Range } from '#core/source.ts';
import type { Dockerfile, Instruction } from '../ast.ts';
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
  /** Default: linux/amd64 for both, so that a file lints alike on every machine. */
  readonly platforms?: { readonly target: Platform; readonly build: Platform };
  /**
   * What is known of a base image (expanded name, platform as asked). Absent or undefined: rules
   * that need it are silent.
   */
  readonly baseImage?: (base: BaseQuery) => BaseImage | undefined;
  /**
   * Which stages docker comes to, by index: what it finds only there is not looked for in others.
   * Default: all, as in a check without a build.
   */
  readonly isNeeded?: (stage: number) => boolean;
}

export interface BaseQuery {
  readonly image: string;
  readonly platform: Platform;
}

/** The part of an image's config that rules look at. */
export interface BaseImage {
  readonly platform: Platform;
  /** `NAME=value`. */
  readonly env: readonly string[];
  /** Where it starts; empty for the root. */
  readonly workdir: string;
  /** The image sets a SHELL of its own. */
  readonly hasShell: boolean;
  /** Its triggers, parsed: they come first in a stage built upon it. */
  readonly onbuild: readonly Instruction[];
}

export interface Finding {
  /** The particular case, as BuildKit words it. */
  readonly message: string;
  readonly range: Range;
  /**
   * The statement as a whole, where docker puts the finding: its line numbers and `>>>`. Absent:
   * the same as `range`.
   */
  readonly statement?: Range;
  /** Why it is wrong, one sentence, where the rule's description does not say it. */
  readonly reason?: string;
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
  /** The rule's own, or error when the file's check directive says so. Absent: the rule's own. */
  readonly severity?: Severity;
}
