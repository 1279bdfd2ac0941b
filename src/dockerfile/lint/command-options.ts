/**
 * Options of a command line as programs with getopt read them: `-y`, `-qy`, `--yes`,
 * `--uid=1000`, `--uid 1000`, `-u 1000`, `-u1000`. Names come without dashes; one letter is a
 * short option.
 */
import type { ShellCommand, ShellWord } from './shell-words.ts';

/** Whether one of the options is given. */
export function hasOption(command: ShellCommand, ...names: readonly string[]): boolean {
  return countOptions(command, ...names) > 0;
}

/** How often they are given; `-qq` counts twice. */
export function countOptions(command: ShellCommand, ...names: readonly string[]): number {
  return command.args
    .flatMap(({ text }) => optionNames(text))
    .filter((name) => names.includes(name)).length;
}

function optionNames(word: string): readonly string[] {
  if (word === '-' || word === '--' || !word.startsWith('-')) return [];
  return word.startsWith('--') ? [word.slice(2).split('=', 1)[0] ?? ''] : [...word.slice(1)];
}

/** The value of the first of these options. */
export function optionValue(
  command: ShellCommand,
  ...names: readonly string[]
): string | undefined {
  for (const [index, { text }] of command.args.entries()) {
    for (const name of names) {
      const option = name.length === 1 ? `-${name}` : `--${name}`;
      if (text === option) return command.args[index + 1]?.text;
      if (name.length > 1 && text.startsWith(`${option}=`)) return text.slice(option.length + 1);
      if (name.length === 1 && text.startsWith(option)) return text.slice(option.length);
    }
  }
  return undefined;
}

/** What is no option, nor the value of one of `withValue`. */
export function operandsOf(
  command: ShellCommand,
  withValue: readonly string[] = [],
): readonly ShellWord[] {
  const operands: ShellWord[] = [];
  for (let at = 0; at < command.args.length; at++) {
    const word = command.args[at];
    if (word === undefined) break;
    if (word.text === '--') return [...operands, ...command.args.slice(at + 1)];
    if (!word.text.startsWith('-')) operands.push(word);
    else if (takesNext(word.text, withValue)) at++;
  }
  return operands;
}

function takesNext(option: string, withValue: readonly string[]): boolean {
  if (option.startsWith('--')) return withValue.includes(option.slice(2));
  // The last letter of a cluster may have its value in the next word.
  return withValue.includes(option.at(-1) ?? '');
}

/** The last part of a program's path. */
export function programName(command: ShellCommand): string {
  const { text } = command.name;
  return text.slice(text.lastIndexOf('/') + 1);
}

/** A program's command (`apt-get install`), or undefined when this is another. */
export function subcommand(
  command: ShellCommand,
  program: string,
  name: string,
): ShellWord | undefined {
  return command.name.text === program ? command.args.find(({ text }) => text === name) : undefined;
}
