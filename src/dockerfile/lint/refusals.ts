/**
 * What docker refuses when it comes to an instruction, with its words: names and platforms of FROM,
 * words that cannot be expanded, ports, and mounts with their variables and WORKDIR resolved. The
 * parser does not know the environment; a build asks for the stages it needs, a check for all.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import type { Diagnostic } from '#core/diagnostic.ts';
import { isSlipwayError } from '#core/errors.ts';
import type { Range } from '#core/source.ts';
import type { Operand } from '../ast.ts';
import { readBase, readPlatform } from '../base-name.ts';
import { parseExpose } from '../expose.ts';
import { mountTarget, mountValues, type Slice } from '../mount-fields.ts';
import { mountPath, parseRunMount } from '../run-mount.ts';
import { sourceAt } from './edits.ts';
import { type EvaluatedStage, evaluationOf, type Statement } from './evaluation.ts';
import type { ExpandedWord } from './expanded-word.ts';
import { neededStages } from './findings.ts';
import { platformsOf } from './global-scope.ts';
import type { LintSubject } from './rule.ts';

export interface Refusal extends Diagnostic {
  /** Another --build-arg may make it right: no mistake of the file alone. */
  readonly hangsOnArguments: boolean;
}

/** FROM lines first, then the stages that docker comes to, in order. */
export function refusalsOf(subject: LintSubject): readonly Refusal[] {
  const evaluation = evaluationOf(subject);
  return [
    ...evaluation.globalFailures.flatMap((word) => wordFailure(word, subject)),
    ...evaluation.stages.flatMap((stage) => fromRefusals(stage, subject)),
    ...neededStages(subject).flatMap(({ statements }) =>
      statements.flatMap((one) => statementRefusals(one, subject)),
    ),
  ];
}

/** Docker reads the FROM of every stage, needed or not. */
function fromRefusals(
  { stage, image, platform }: EvaluatedStage,
  subject: LintSubject,
): readonly Refusal[] {
  const failures = [image, platform].flatMap((word) => (word ? wordFailure(word, subject) : []));
  if (failures.length > 0) return failures;
  const { build } = platformsOf(subject);
  const flag = platform && { written: platform.operand.text, expanded: platform.text };
  return [
    ...(platform && flag
      ? refusedIn(platform, 'PlatformInvalid', () => readPlatform(flag, build))
      : []),
    ...refusedIn(image, 'BaseInvalid', () => readBase(stage, image.text, subject.stages.stages)),
  ];
}

function refusedIn({ operand }: ExpandedWord, code: string, read: () => unknown) {
  const hangsOnArguments = operand.text.includes('$');
  return thrownBy(read, { range: operand.range, code }).map((one) => ({
    ...one,
    hangsOnArguments,
  }));
}

function statementRefusals(statement: Statement, subject: LintSubject): readonly Refusal[] {
  const { instruction, words, trigger } = statement;
  const failures = words.flatMap((word) => wordFailure(word, subject, statement));
  // What an unknown base might set, nobody can judge yet.
  const isOpen = !statement.isComplete && words.some(({ unset }) => unset.length > 0);
  const others =
    failures.length > 0 || isOpen
      ? []
      : instruction.kind === 'expose'
        ? words.flatMap(portRefusals)
        : instruction.kind === 'run'
          ? mountRefusals(statement, subject)
          : [];
  const found = [...failures, ...others];
  return trigger === undefined ? found : found.map((one) => ({ ...one, range: trigger }));
}

/** `where`: the statement; the words of FROM stand in a scope that is always known. */
function wordFailure(
  { operand, failure }: ExpandedWord,
  subject: LintSubject,
  where?: Pick<Statement, 'isComplete'>,
): readonly Refusal[] {
  // What is too deep the parser has reported; what the base might set may be set.
  const isOpen = failure?.kind === 'value' && where?.isComplete === false;
  if (failure === undefined || failure.kind === 'depth' || isOpen) return [];
  const { message, kind } = failure;
  const hint = kind === 'syntax' && isCutAtBlank(operand, subject) ? NO_BLANKS : failure.hint;
  const hangsOnArguments = kind === 'value';
  return [refusal('ExpansionFailed', { message, hint, range: operand.range, hangsOnArguments })];
}

const NO_BLANKS = 'Blanks end the word, also within ${…}: write it without, or use the JSON form.';

/** `${name:-a b}` where docker splits at blanks before it looks for braces. */
function isCutAtBlank({ text, range }: Operand, subject: LintSubject): boolean {
  const next = subject.dockerfile.file.text[range.end] ?? '';
  return /\$\{[^}]*$/.test(text) && (next === ' ' || next === '\t');
}

function portRefusals(word: ExpandedWord): readonly Refusal[] {
  return word.words.flatMap((port) => refusedIn(word, 'PortInvalid', () => parseExpose(port)));
}

function mountRefusals(
  { instruction, words, workdir }: Statement,
  subject: LintSubject,
): readonly Refusal[] {
  if (instruction.kind !== 'run') return [];
  const values = words.map(({ text }) => text);
  return instruction.mounts.flatMap(({ text, range }) => {
    // The values are the statement's words, in the same order.
    const own = values.splice(0, mountValues(text).length);
    const reading = parseRunMount(text, () => own.shift());
    const hangsOnArguments = text.includes('$');
    const at = (slice: Slice | undefined): Range => placeIn({ text, range }, slice, subject);
    if (reading.kind === 'problem') {
      const { problem } = reading;
      // The parser has reported those.
      if (problem.isEarly) return [];
      const { start, end } = problem;
      const place = at({ text: text.slice(start, end), start, end });
      return [
        refusal('MountInvalid', {
          message: problem.text,
          hint: problem.hint,
          range: place,
          hangsOnArguments,
        }),
      ];
    }
    if (reading.kind === 'open') return [];
    const { mount } = reading;
    if (mount.type === 'secret' || mount.type === 'ssh') return [];
    // Below a folder that only the base knows.
    if (workdir === undefined && !mount.target.startsWith('/')) return [];
    const placed = mountPath(mount.target, workdir ?? '/');
    if (!('error' in placed)) return [];
    const hint =
      mount.target === ''
        ? 'Say where with target=PATH: the working directory is the root.'
        : 'Mount at a folder below the root.';
    return [
      refusal('MountInvalid', {
        message: placed.error,
        hint,
        range: at(mountTarget(text)),
        hangsOnArguments,
      }),
    ];
  });
}

/** A part of a flag's value; where quotes or continuations are in the way, all of it. */
function placeIn({ text, range }: Operand, slice: Slice | undefined, subject: LintSubject): Range {
  if (slice === undefined || slice.text === '') return range;
  const isVerbatim = range.end - range.start === text.length;
  const at = isVerbatim ? slice.start : sourceAt(subject, range).indexOf(slice.text);
  if (at < 0) return range;
  return { start: range.start + at, end: range.start + at + slice.text.length };
}

function thrownBy(
  read: () => unknown,
  place: { readonly range: Range; readonly code: string },
): readonly Refusal[] {
  try {
    read();
    return [];
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    const { message, hint } = error;
    return [refusal(place.code, { message, range: place.range, ...(hint && { hint }) })];
  }
}

function refusal(
  code: string,
  what: {
    readonly message: string;
    readonly range: Range;
    readonly hint?: string;
    readonly hangsOnArguments?: boolean;
  },
): Refusal {
  const { message, range, hint, hangsOnArguments = false } = what;
  return { code, severity: 'error', message, range, hangsOnArguments, ...(hint && { hint }) };
}
