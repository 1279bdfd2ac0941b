/**
 * What the rules of the hadolint profile have in common: their numbers and pages are hadolint's,
 * since people know them by these; texts and code are ours.
 */
import { insertAt } from './edits.ts';
import type { Edit, Finding, LintSubject, Rule } from './rule.ts';
import { allCommands, type ShellStep } from './shell-steps.ts';
import type { ShellCommand, ShellWord } from './shell-words.ts';

/** A rule of the profile, by its number. */
export function hadolintRule(rule: Omit<Rule, 'profile' | 'url'>): Rule {
  return {
    ...rule,
    profile: 'hadolint',
    url: `https://github.com/hadolint/hadolint/wiki/${rule.name}`,
  };
}

/** What `judge` finds about each command of the file's RUNs. */
export function* forCommands(
  subject: LintSubject,
  judge: (command: ShellCommand, step: ShellStep) => Finding | undefined,
): Generator<Finding> {
  for (const { command, step } of allCommands(subject)) {
    const finding = judge(command, step);
    if (finding !== undefined) yield finding;
  }
}

/** The same, but a RUN is complained about once: further commands of it say nothing new. */
export function* forSteps(
  subject: LintSubject,
  judge: (command: ShellCommand, step: ShellStep) => Finding | undefined,
): Generator<Finding> {
  let done: ShellStep | undefined;
  for (const { command, step } of allCommands(subject)) {
    if (step === done) continue;
    const finding = judge(command, step);
    if (finding === undefined) continue;
    done = step;
    yield finding;
  }
}

/** Puts an option behind a word of a command. */
export function addOption(option: string, after: ShellWord, step: ShellStep): readonly Edit[] {
  return [insertAt(after.range.end, step.form === 'exec' ? `, "${option}"` : ` ${option}`)];
}

/** Package names for a message: the first few. */
export function listed(packages: readonly ShellWord[]): string {
  const shown = packages.slice(0, 3).map(({ text }) => text);
  const rest = packages.length - shown.length;
  return rest === 0 ? shown.join(', ') : `${shown.join(', ')} and ${rest} more`;
}
