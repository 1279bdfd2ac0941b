/**
 * Findings with their places: precise where the text allows it, the whole statement for docker's
 * line numbers, and FROM for what comes out of a base stage's triggers.
 */
import type { Range } from '#core/source.ts';
import type { Instruction, Operand } from '../ast.ts';
import { sourceAt } from './edits.ts';
import { type EvaluatedStage, evaluationOf, type Statement } from './evaluation.ts';
import type { Finding, LintSubject } from './rule.ts';

/** A finding about a part of an instruction. */
export function foundIn(
  instruction: Pick<Instruction, 'range'>,
  finding: Omit<Finding, 'statement'>,
): Finding {
  return { ...finding, statement: instruction.range };
}

/** The same for an instruction that may be a trigger of the base. */
export function foundAt(
  { instruction, trigger }: Statement,
  { fix, ...finding }: Omit<Finding, 'statement'>,
): Finding {
  return trigger === undefined
    ? { ...finding, statement: instruction.range, ...(fix && { fix }) }
    : { ...finding, range: trigger, statement: trigger };
}

/** The stages whose instructions docker comes to. */
export function neededStages(subject: LintSubject): readonly EvaluatedStage[] {
  const { stages } = evaluationOf(subject);
  return stages.filter(({ stage }) => subject.isNeeded?.(stage.index) !== false);
}

export interface PlacedStatement extends Statement {
  readonly stage: EvaluatedStage;
}

const statements = new WeakMap<LintSubject, readonly PlacedStatement[]>();

/** Every statement of these stages; put together once, as many rules look at them all. */
export function statementsOf(subject: LintSubject): readonly PlacedStatement[] {
  const known = statements.get(subject);
  if (known !== undefined) return known;
  const found = neededStages(subject).flatMap((stage) =>
    stage.statements.map((statement) => ({ ...statement, stage })),
  );
  statements.set(subject, found);
  return found;
}

/** Where an operand refers to a variable: `$name` or `${name…}`, or else the whole operand. */
export function placeOfVariable(name: string, operand: Operand, subject: LintSubject): Range {
  const { start } = operand.range;
  const text = sourceAt(subject, operand.range);
  const reference = new RegExp(
    `\\$(?:${name}(?![\\p{L}\\p{Nd}_])|\\{${name}(?![\\p{L}\\p{Nd}_])[^}]*\\}?)`,
    'u',
  );
  const match = /^[\p{L}\p{Nd}_]+$/u.test(name) ? reference.exec(text) : null;
  if (match === null) return operand.range;
  return { start: start + match.index, end: start + match.index + match[0].length };
}
