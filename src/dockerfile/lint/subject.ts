/**
 * What a lint run looks at, put together from what the caller has: a parsed file is enough; build
 * arguments, the ignore file and base images make more rules speak.
 */
import type { Dockerfile } from '../ast.ts';
import type { IgnoreMatcher } from '../dockerignore.ts';
import { splitStages } from '../stages.ts';
import type { LintSubject } from './rule.ts';

export interface SubjectOptions extends Pick<LintSubject, 'platforms' | 'baseImage' | 'isNeeded'> {
  /** --build-arg. */
  readonly buildArgs?: ReadonlyMap<string, string>;
  /** The context's ignore file. */
  readonly ignore?: IgnoreMatcher;
}

export function createSubject(dockerfile: Dockerfile, options: SubjectOptions = {}): LintSubject {
  const { platforms, baseImage, isNeeded, ignore } = options;
  const isIgnored = ignore === undefined ? undefined : ignoreTest(ignore);
  return {
    dockerfile,
    stages: splitStages(dockerfile),
    buildArgs: options.buildArgs ?? new Map(),
    ...(isIgnored && { isIgnored }),
    ...(platforms && { platforms }),
    ...(baseImage && { baseImage }),
    ...(isNeeded && { isNeeded }),
  };
}

/** Patterns that leave out everything, so that even the context's root is empty. */
const WHOLE_CONTEXT: ReadonlySet<string> = new Set(['*', '**', '**/*']);

/**
 * Undefined where nothing can be said: with `!` a folder may be left out and a file in it be taken
 * in again.
 */
function ignoreTest(ignore: IgnoreMatcher): LintSubject['isIgnored'] {
  const { patterns } = ignore;
  if (patterns.length === 0 || patterns.some((pattern) => pattern.startsWith('!'))) {
    return undefined;
  }
  const isAllIgnored = patterns.some((pattern) => WHOLE_CONTEXT.has(pattern));
  return (path) => (path === '.' ? isAllIgnored : ignore.ignores(path));
}
