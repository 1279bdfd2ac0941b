/**
 * Edits that keep the meaning of a Dockerfile: the building blocks of mechanical fixes. A builder
 * answers undefined where the change would not be safe, and the finding then has no fix.
 */
import type { Range } from '#core/source.ts';
import type { CommandLine, KeyValue, MaintainerInstruction } from '../ast.ts';
import type { Stage } from '../stages.ts';
import { lineageOf, mentionsOf } from './lineage.ts';
import type { Edit, LintSubject } from './rule.ts';

export function replace(range: Range, text: string): Edit {
  return { range, text };
}

export function insertAt(offset: number, text: string): Edit {
  return { range: { start: offset, end: offset }, text };
}

/** What stands in the file at this place. */
export function sourceAt(subject: LintSubject, range: Range): string {
  return subject.dockerfile.file.text.slice(range.start, range.end);
}

/** `NAME value` to `NAME=value`, quoted where the value has blanks. */
export function pairWithEquals(pair: KeyValue, subject: LintSubject): readonly Edit[] | undefined {
  const { key, value } = pair;
  const gap = { start: key.range.end, end: value.range.start };
  // A comment line between the two would be lost.
  if (!/^[\s\\`]+$/.test(sourceAt(subject, gap)) || /["']/.test(key.text)) return undefined;
  if (value.text === '' || !/\s/.test(value.text)) return [replace(gap, '=')];
  const special = value.text.includes(subject.dockerfile.directives.escape);
  if (special || /["'\\]/.test(value.text)) return undefined;
  return [replace(gap, '="'), insertAt(value.range.end, '"')];
}

/** `MAINTAINER someone` to the label that the image specification has for it. */
export function authorsLabel(
  instruction: MaintainerInstruction,
  subject: LintSubject,
): readonly Edit[] | undefined {
  const { author, range } = instruction;
  // A continuation or a comment inside is better joined by hand.
  if (sourceAt(subject, author.range) !== author.text) return undefined;
  const name = /^"([^"]*)"$/.exec(author.text.trim())?.[1] ?? author.text.trim();
  const escapeCharacter = subject.dockerfile.directives.escape;
  const quoted = [...name]
    .map((character) =>
      ['"', '$', escapeCharacter].includes(character) ? escapeCharacter + character : character,
    )
    .join('');
  return [replace(range, `LABEL org.opencontainers.image.authors="${quoted}"`)];
}

/** Commands that only a shell knows: as an executable they are missing or mean something else. */
const SHELL_ONLY: ReadonlySet<string> = new Set(
  (
    '. : alias bg break case cd command continue do done elif else esac eval exec exit export fg ' +
    'fi for function getopts hash if in jobs local read readonly return select set shift source ' +
    'then time times trap type ulimit umask unalias unset until wait while'
  ).split(' '),
);

/** The words of a command that no shell would change, or undefined. */
export function plainWords(command: string): readonly string[] | undefined {
  const words = command.trim().split(/[ \t]+/);
  const first = words[0] ?? '';
  if (first.includes('=') || SHELL_ONLY.has(first)) return undefined;
  return words.every((word) => /^[\w@%+=:,./-]+$/.test(word)) ? words : undefined;
}

/**
 * The shell form of a command as a JSON array, if all its words are plain. Ask
 * `meansTheSameAsJson` first.
 */
export function jsonForm(command: CommandLine, subject: LintSubject): readonly Edit[] | undefined {
  if (command.form === 'exec') return undefined;
  if (sourceAt(subject, command.text.range) !== command.text.text) return undefined;
  const words = plainWords(command.text.text);
  if (words === undefined) return undefined;
  const array = `[${words.map((word) => JSON.stringify(word)).join(', ')}]`;
  return [replace(command.text.range, array)];
}

/**
 * Whether a command of this stage may change its form alone. CMD and ENTRYPOINT together: the one
 * becomes the arguments of the other only in JSON form. Stages that this one is built upon count.
 */
export function meansTheSameAsJson(
  kind: 'cmd' | 'entrypoint' | 'healthcheck',
  stage: Stage,
  subject: LintSubject,
): boolean {
  const { kinds } = lineageOf(stage, subject.stages);
  // A custom shell may set up what the command needs.
  if (kinds.has('shell')) return false;
  if (kind === 'healthcheck') return true;
  return !kinds.has(kind === 'cmd' ? 'entrypoint' : 'cmd');
}

/**
 * Renames a stage and every mention of it; undefined when the name is given twice, or stands
 * somewhere in a way that cannot be replaced.
 */
export function renameStage(
  stage: Stage,
  name: string,
  subject: LintSubject,
): readonly Edit[] | undefined {
  const definition = stage.from.name;
  if (definition === undefined || stage.name === undefined) return undefined;
  const mentions = mentionsOf(stage.name, subject.stages);
  if (mentions.definitions !== 1) return undefined;
  // A base of the same name in front of the definition is an image.
  const own = mentions.places.filter(({ range }) => range.start >= definition.range.start);
  // Quotes in a flag's value: the place is not the name.
  const isPlain = own.every(({ text, range }) => sourceAt(subject, range) === text);
  if (!isPlain) return undefined;
  return own.filter(({ text }) => text !== name).map(({ range }) => replace(range, name));
}
