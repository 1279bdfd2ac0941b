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

/**
 * As Go matches: what stands between two stars is taken at the first place where it fits, and only
 * the last star may try several. Else a few stars could try for hours.
 */
function patternShape(pattern: string): RegExp {
  const [start = '', ...others] = segmentsOf(pattern);
  const last = others.pop();
  const middle = others.map((segment, i) => `(?=([^/]*?${segment}))\\${i + 1}`);
  const end = last === undefined ? '' : `[^/]*${last}`;
  return new RegExp(`^${start}${middle.join('')}${end}$`, 'su');
}

/** What stands before, between and behind the stars, as sources of regular expressions. */
function segmentsOf(pattern: string): string[] {
  const segments = [''];
  for (const [part, negation, set, escaped, plain, bad] of pattern.matchAll(PART)) {
    if (bad !== undefined) {
      throw new SlipwayError('USAGE', 'syntax error in pattern', {
        hint: `"${pattern}": close the [ with a ], or escape it with a backslash`,
      });
    }
    if (part === '*') segments.push('');
    else segments[segments.length - 1] += sourceOf({ part, negation, set, text: escaped ?? plain });
  }
  return segments;
}

function sourceOf(of: {
  readonly part: string;
  readonly negation: string | undefined;
  readonly set: string | undefined;
  readonly text: string | undefined;
}): string {
  if (of.part === '?') return '[^/]';
  if (of.set !== undefined) return `[${of.negation ?? ''}${classSource(of.set)}]`;
  return RegExp.escape(of.text ?? '');
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
