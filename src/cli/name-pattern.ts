/** Patterns of image names, as `images 'debian:1*'` takes them: Go's path.Match. Pure. */
import { SlipwayError } from '#core/errors.ts';
import {
  familiarName,
  familiarReference,
  parseReference,
  type Reference,
  repositoryKey,
} from '#core/reference.ts';

export type NameTest = (name: Reference) => boolean;

/**
 * Fits a name with its tag or without it. A name written out (`docker.io/library/x`) means the same
 * as the short one. @throws USAGE
 */
export function namePattern(pattern: string): NameTest {
  const shape = patternShape(pattern);
  const exact = /[*?[\\]/.test(pattern) ? undefined : exactName(pattern);
  return (name) =>
    shape.test(familiarReference(name)) || shape.test(familiarName(name)) || exact?.(name) === true;
}

function exactName(text: string): NameTest | undefined {
  try {
    const wanted = parseReference(text);
    return (name) =>
      repositoryKey(name) === repositoryKey(wanted) &&
      (wanted.tag === undefined || name.tag === wanted.tag) &&
      (wanted.digest === undefined || name.digest === wanted.digest);
  } catch (error) {
    // No name has it, as in docker.
    if (error instanceof SlipwayError) return undefined;
    throw error;
  }
}

const PART = /\*|\?|\[(\^?)((?:\\.|[^\]\\])+)\]|\\(.)|([^*?[\\])|(.)/gsu;

function patternShape(pattern: string): RegExp {
  const source = pattern.replaceAll(PART, (part, negation, set, escaped, plain, bad) => {
    if (bad !== undefined) {
      throw new SlipwayError('USAGE', 'syntax error in pattern', {
        hint: `"${pattern}": close the [ with a ], or escape it with a backslash`,
      });
    }
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (set !== undefined) return `[${negation}${classSource(set)}]`;
    return RegExp.escape(escaped ?? plain);
  });
  return new RegExp(`^${source}$`, 'su');
}

const SET_PART = /(?:\\(.)|([^\\]))(?:-(?:\\(.)|([^\\])))?/gsu;

/** Characters and ranges; a range that runs backwards holds nothing, as in Go. */
function classSource(set: string): string {
  return set.replaceAll(SET_PART, (_, escaped, plain, escapedEnd, plainEnd) => {
    const first = escaped ?? plain;
    const last = escapedEnd ?? plainEnd;
    if (last === undefined) return RegExp.escape(first);
    const isForward = first.codePointAt(0) <= last.codePointAt(0);
    return isForward ? `${RegExp.escape(first)}-${RegExp.escape(last)}` : '';
  });
}
