/**
 * Runs the rules over a Dockerfile: which of them, what is left out by directive, build argument,
 * option or inline comment, and in which order the findings come. It prints nothing.
 */
import { isSlipwayError } from '#core/errors.ts';
import type { Range } from '#core/source.ts';
import { suggest } from '../suggest.ts';
import { inlineIgnores } from './inline-ignores.ts';
import { CHECK_OPTIONS_CUT, CHECK_OPTIONS_INVALID, UNKNOWN_RULE } from './notes.ts';
import type { LintSubject, Reported, Rule } from './rule.ts';
import { RULES } from './rules.ts';
import {
  CHECK_ARGUMENT,
  type CheckOptions,
  includesName,
  mergeOptions,
  NO_OPTIONS,
  parseCheckOptions,
} from './select.ts';

export interface LintOptions extends Partial<CheckOptions> {
  /** Default buildkit: docker's checks. all: those and hadolint's. */
  readonly profile?: 'buildkit' | 'hadolint' | 'all';
}

/**
 * All findings, sorted by place. Experimental rules run only when asked for by name, and then `skip`
 * does not stop them (BuildKit's rule). With `error` the severity of each warning is error.
 */
export function lint(subject: LintSubject, options: LintOptions = {}): Reported[] {
  const { config, notes } = configOf(subject, options);
  const ignores = inlineIgnores(subject);
  const misnamed = (ignores?.skipped ?? []).flatMap(({ rule, range }) =>
    unknownNames([rule], range),
  );
  const found: Reported[] = [];
  for (const rule of RULES) {
    if (!isWanted(rule, config, options.profile ?? 'buildkit')) continue;
    for (const finding of rule.check(subject)) {
      if (ignores?.isIgnored(rule.name, finding)) continue;
      const isRaised = config.error && rule.severity === 'warning';
      found.push({ rule, finding, ...(isRaised && { severity: 'error' }) });
    }
  }
  return [...notes, ...misnamed, ...found].sort((left, right) => placeOf(left) - placeOf(right));
}

/** Docker's words when findings fail a build, or undefined when there is nothing to fail for. */
export function failureOf(reported: readonly Reported[]): string | undefined {
  const names = new Set(
    reported
      .filter(({ rule, severity }) => (severity ?? rule.severity) === 'error')
      .map(({ rule }) => rule.name),
  );
  return names.size === 0 ? undefined : `lint violation found for rules: ${[...names].join(', ')}`;
}

function placeOf({ finding }: Reported): number {
  return finding.range.start;
}

function isWanted(
  rule: Rule,
  config: CheckOptions,
  profile: NonNullable<LintOptions['profile']>,
): boolean {
  if (rule.profile === 'experimental') {
    return profile !== 'hadolint' && includesName(config.experimental, rule.name);
  }
  if (profile !== 'all' && rule.profile !== profile) return false;
  return !includesName(config.skip, rule.name);
}

/** The options in force, and what is to be said of them. */
function configOf(
  subject: LintSubject,
  options: LintOptions,
): { readonly config: CheckOptions; readonly notes: readonly Reported[] } {
  const range = directiveRange(subject);
  // The build argument stands for the directive, it does not add to it.
  const argument = subject.buildArgs.get(CHECK_ARGUMENT);
  const directive = subject.dockerfile.directives.check ?? '';
  // Of a directive docker reads the first word only.
  const [first = '', ...ignored] = directive.split(/\s+/);
  try {
    const written = parseCheckOptions(argument ?? first);
    const config = mergeOptions(written, options);
    const notes = unknownNames(listedNames(config), range);
    if (argument === undefined && ignored.length > 0) {
      const message = `docker ignores ${JSON.stringify(ignored.join(' '))} behind the blank`;
      const finding = { message, range, hint: 'Remove the blanks from the options.' };
      notes.push({ rule: CHECK_OPTIONS_CUT, finding });
    }
    return { config, notes };
  } catch (error) {
    if (!isSlipwayError(error, 'DOCKERFILE_INVALID')) throw error;
    const finding = { message: error.message, range, ...(error.hint && { hint: error.hint }) };
    return {
      config: mergeOptions(NO_OPTIONS, options),
      notes: [{ rule: CHECK_OPTIONS_INVALID, finding }],
    };
  }
}

function listedNames({ skip, experimental }: CheckOptions): readonly string[] {
  return [skip, experimental].flatMap((names) => (names === 'all' ? [] : names));
}

function unknownNames(names: readonly string[], range: Range): Reported[] {
  const known = RULES.map(({ name }) => name);
  return [...new Set(names)]
    .filter((name) => name !== '' && name !== 'all' && !known.includes(name))
    .map((name) => {
      const near = suggest(name, known);
      const guess = near === undefined ? '' : ` (did you mean ${near}?)`;
      return {
        rule: UNKNOWN_RULE,
        finding: {
          message: `there is no rule ${name}${guess}`,
          range,
          hint: near === undefined ? 'Remove the name.' : `Write ${near}.`,
        },
      };
    });
}

/** The directive's line; the start of the file where the options come from elsewhere. */
function directiveRange({ dockerfile }: LintSubject): Range {
  const match = /^[ \t]*#[ \t]*check[ \t]*=.*$/im.exec(dockerfile.file.text);
  if (dockerfile.directives.check === undefined || match === null) return { start: 0, end: 0 };
  return { start: match.index, end: match.index + match[0].trimEnd().length };
}
