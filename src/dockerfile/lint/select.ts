/**
 * Which rules run and what a finding does: the options of `# check=` and of the build argument
 * BUILDKIT_DOCKERFILE_CHECK, in BuildKit's grammar: `skip=A,B;error=true;experimental=C`, `all` for
 * every rule. Pure text and names; the rules themselves are nothing to it.
 */
import { SlipwayError } from '#core/errors.ts';

export type RuleNames = 'all' | readonly string[];

export interface CheckOptions {
  readonly skip: RuleNames;
  readonly experimental: RuleNames;
  /** Findings fail the build. */
  readonly error: boolean;
}

export const NO_OPTIONS: CheckOptions = { skip: [], experimental: [], error: false };

/** The build argument that stands for the directive of every file. */
export const CHECK_ARGUMENT = 'BUILDKIT_DOCKERFILE_CHECK';

/** BuildKit cuts the text into at most so many options; the rest belongs to the last one. */
const MAX_OPTIONS = 3;

/** @throws DOCKERFILE_INVALID with BuildKit's text */
export function parseCheckOptions(text: string): CheckOptions {
  let options = NO_OPTIONS;
  if (text.trim() === '') return options;
  for (const part of splitOptions(text.trim())) {
    const equals = part.indexOf('=');
    if (equals < 0) throw invalidOption(part);
    const key = part.slice(0, equals).trim();
    const value = part.slice(equals + 1).trim();
    if (key === 'skip') options = { ...options, skip: parseNames(value) };
    else if (key === 'experimental') options = { ...options, experimental: parseNames(value) };
    else if (key === 'error') options = { ...options, error: parseBoolean(value, part) };
    else throw invalidOption(key);
  }
  return options;
}

/** Both together: a rule is skipped if either says so. */
export function mergeOptions(left: CheckOptions, right: Partial<CheckOptions>): CheckOptions {
  return {
    skip: mergeNames(left.skip, right.skip ?? []),
    experimental: mergeNames(left.experimental, right.experimental ?? []),
    error: left.error || (right.error ?? false),
  };
}

export function includesName(names: RuleNames, name: string): boolean {
  return names === 'all' || names.includes(name);
}

function mergeNames(left: RuleNames, right: RuleNames): RuleNames {
  return left === 'all' || right === 'all' ? 'all' : [...left, ...right];
}

function splitOptions(text: string): string[] {
  const parts = text.split(';');
  if (parts.length <= MAX_OPTIONS) return parts;
  return [...parts.slice(0, MAX_OPTIONS - 1), parts.slice(MAX_OPTIONS - 1).join(';')];
}

function parseNames(value: string): RuleNames {
  return value === 'all' ? 'all' : value.split(',').map((name) => name.trim());
}

const TRUE: readonly string[] = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const FALSE: readonly string[] = ['0', 'f', 'F', 'false', 'FALSE', 'False'];

function parseBoolean(value: string, part: string): boolean {
  if (TRUE.includes(value)) return true;
  if (FALSE.includes(value)) return false;
  throw invalid(
    `failed to parse check option ${JSON.stringify(part)}: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
  );
}

function invalidOption(option: string): SlipwayError {
  return invalid(`invalid check option ${JSON.stringify(option)}`);
}

function invalid(message: string): SlipwayError {
  return new SlipwayError('DOCKERFILE_INVALID', `failed to parse check options: ${message}`, {
    hint: 'Write check=skip=RULE,RULE;error=true;experimental=RULE, with all for every rule.',
  });
}
