/**
 * BuildKit's words for a line that does not fit the grammar, and the parser's error message
 * provider made of them. A complaint follows from the rule that failed and the token it met.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import type { IParserErrorMessageProvider, IToken } from 'chevrotain';
import { KEYWORDS } from './lexer.ts';
import { suggest } from './suggest.ts';

export interface Complaint {
  readonly code: string;
  readonly text: string;
  readonly isSyntax?: boolean;
  readonly reason?: string;
  readonly hint: string;
}

/** What the instruction is written as, for texts that show it. */
export interface Subject {
  keyword: string;
}

/** The message is a complaint's text; the code follows from the same two facts by `complaintFor`. */
export function messagesAbout(subject: Subject): IParserErrorMessageProvider {
  const text = (rule: string, actual: IToken | undefined): string =>
    complaintFor(rule, actual, subject.keyword).text;
  return {
    buildMismatchTokenMessage: ({ ruleName, actual }) => text(ruleName, actual),
    buildNotAllInputParsedMessage: ({ ruleName, firstRedundant }) => text(ruleName, firstRedundant),
    buildNoViableAltMessage: ({ ruleName, actual }) => text(ruleName, actual[0]),
    buildEarlyExitMessage: ({ ruleName, actual }) => text(ruleName, actual[0]),
  };
}

/** The complaint when `rule` of the grammar met `actual`. */
export function complaintFor(rule: string, actual: IToken | undefined, written: string): Complaint {
  const keyword = written.toUpperCase();
  if (rule === 'instruction') return unknownInstruction(written);
  if (rule === 'jsonArray') return stringsOnly(actual);
  if (rule === 'legacyPair') return twoArguments(keyword);
  if (actual?.tokenType.name === 'Equals') return blankName(keyword);
  if (actual?.tokenType.name === 'BareWord') return equalsMissing(actual.image);
  return argumentCount(keyword);
}

function unknownInstruction(written: string): Complaint {
  const near = suggest(written, KEYWORDS);
  return {
    code: 'UnknownInstruction',
    text: `unknown instruction: ${written}${near === undefined ? '' : ` (did you mean ${near}?)`}`,
    reason:
      written === ''
        ? 'The line holds nothing but a line continuation.'
        : `${written} is not a Dockerfile instruction.`,
    hint:
      near === undefined
        ? 'Start the line with an instruction, or end the line above with a continuation.'
        : `Write ${near}.`,
  };
}

function stringsOnly(actual: IToken | undefined): Complaint {
  const found = actual?.image ?? '';
  const isNested = /^[[{]/.test(found);
  return {
    code: 'JsonStringsOnly',
    text: 'when using JSON array syntax, arrays must be comprised of strings only',
    isSyntax: true,
    reason: isNested
      ? `Here stands ${found.startsWith('[') ? 'a list' : 'an object'} where a string should.`
      : `${found || 'This'} is valid JSON, but not a string.`,
    hint: isNested
      ? 'Write one flat list of words in double quotes: ["a", "b"].'
      : 'Put every element in double quotes.',
  };
}

function twoArguments(keyword: string): Complaint {
  return {
    code: 'ValueMissing',
    text: `${keyword} must have two arguments`,
    isSyntax: true,
    hint: `Write ${keyword} name=value.`,
  };
}

function blankName(keyword: string): Complaint {
  return {
    code: 'NameBlank',
    text: `${keyword} names can not be blank`,
    hint: 'Put a name in front of the equals sign.',
  };
}

function equalsMissing(word: string): Complaint {
  return {
    code: 'EqualsMissing',
    text: `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
    isSyntax: true,
    reason: 'The first argument is name=value, so all of them have to be.',
    hint: 'Quote a value that holds blanks: name="a b".',
  };
}

/** How many arguments each instruction wants, in docker's words. */
const COUNTS: ReadonlyMap<string, readonly [text: string, hint: string]> = new Map([
  ['FROM', ['requires either one or three arguments', 'Write FROM image, or FROM image AS name.']],
  ['MAINTAINER', ['requires exactly one argument', 'Name the author, or better use LABEL.']],
  ['USER', ['requires exactly one argument', 'Name a user, or user:group.']],
  ['WORKDIR', ['requires exactly one argument', 'Name a folder of the image.']],
  ['STOPSIGNAL', ['requires exactly one argument', 'Name a signal: STOPSIGNAL SIGTERM.']],
]);

/**
 * Why a line has too many words when `${name:-a b}` is cut at its blank, which docker does in FROM,
 * quotes or not. `images`: the line's tokens.
 */
export function splitSubstitution(
  images: readonly string[],
): Pick<Complaint, 'reason' | 'hint'> | undefined {
  const open = images.find((image) => /\$\{[^}]*$/.test(image));
  if (open === undefined) return undefined;
  return {
    reason: `FROM is split at blanks first, also inside quotes and braces: ${open} is a word by itself.`,
    hint: 'Write what stands in the braces without blanks: ${TAG:?give-a-tag}.',
  };
}

const DESTINATION =
  'requires at least two arguments, but only one was provided. Destination could not be determined';

export function argumentCount(keyword: string): Complaint {
  const isFile = keyword === 'COPY' || keyword === 'ADD';
  const [text, hint] = isFile
    ? [DESTINATION, `Write ${keyword} source destination.`]
    : (COUNTS.get(keyword) ?? ['requires at least one argument', `Give ${keyword} an argument.`]);
  return { code: 'ArgumentCount', text: `${keyword} ${text}`, hint };
}
