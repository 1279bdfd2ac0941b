/**
 * The tokens of one logical line. The keyword chooses the mode, and with it how the rest is cut:
 * docker has a different idea of a word in almost every instruction. Custom patterns look at the
 * tokens before them: flags come only first, a JSON array only where it is valid to its end.
 * Where words end is in scan.ts; one set of tokens per escape character.
 */
import {
  type CustomPatternMatcherFunc,
  createToken,
  type IToken,
  Lexer,
  type TokenType,
  tokenMatcher,
} from 'chevrotain';
import {
  assignmentEnd,
  flagEnd,
  isJsonArray,
  parseHeredocStart,
  quotesClose,
  shellWordEnd,
} from './scan.ts';

/** Every instruction's keyword and the mode that its operands are read in. */
const KEYWORD_MODES = {
  Add: 'paths',
  Arg: 'args',
  Cmd: 'command',
  Copy: 'paths',
  Entrypoint: 'command',
  Env: 'pairs',
  Expose: 'words',
  From: 'from',
  Healthcheck: 'health',
  Label: 'pairs',
  Maintainer: 'text',
  // The trigger is an instruction again.
  Onbuild: 'start',
  Run: 'shell',
  Shell: 'command',
  Stopsignal: 'text',
  User: 'text',
  Volume: 'list',
  Workdir: 'text',
} as const;

type KeywordName = keyof typeof KEYWORD_MODES;

/** The keywords as docker writes them. */
export const KEYWORDS: readonly string[] = Object.keys(KEYWORD_MODES).map((name) =>
  name.toUpperCase(),
);

export type Tokens = ReturnType<typeof createTokens>;

type Matcher = CustomPatternMatcherFunc;
type MakePart = (name: string, pattern: RegExp | Matcher, pushMode?: string) => TokenType;

/** What stands before an operand, for tokens that may come only there. */
interface Place {
  /** Nothing but the keyword and flags so far. */
  readonly isFirst: (last: IToken | undefined) => boolean;
}

/** The token types for one escape character, by name; the parser's vocabulary. */
export function createTokens(escapeCharacter: '\\' | '`') {
  /** Any token at all: what may stand behind ONBUILD. */
  const Part = token('Part', Lexer.NA);
  const Keyword = token('Keyword', Lexer.NA, { categories: Part });
  const part: MakePart = (name, pattern, pushMode) =>
    token(name, pattern, { categories: Part, ...(pushMode !== undefined && { pushMode }) });

  const takesFlag = (last: IToken | undefined): boolean =>
    last !== undefined && (tokenMatcher(last, Keyword) || last.tokenType === Flag);
  const Flag: TokenType = part('Flag', (text, offset, before) => {
    if (!text.startsWith('--', offset) || !takesFlag(before.at(-1))) return null;
    const word = text.slice(offset, flagEnd(text, offset));
    return word === '--' ? null : [word];
  });
  const FlagsEnd = part('FlagsEnd', (text, offset, before) => {
    if (!text.startsWith('--', offset) || !takesFlag(before.at(-1))) return null;
    return flagEnd(text, offset) === offset + 2 ? ['--'] : null;
  });
  const place: Place = {
    isFirst: (last) => takesFlag(last) || last?.tokenType === FlagsEnd,
  };

  return {
    Keyword,
    Part,
    ...keywordTokens(Keyword),
    UnknownKeyword: token('UnknownKeyword', /[^\t\v\f\r ]+/, {
      categories: Keyword,
      pushMode: 'text',
    }),
    Blank: token('Blank', /[\t\v\f\r ]+/, { group: Lexer.SKIPPED }),
    Space: token('Space', /\s+/, { group: Lexer.SKIPPED }),
    Flag,
    FlagsEnd,
    ...operandTokens(part, place),
    ...assignmentTokens(part, { ...place, escapeCharacter }),
    ...jsonTokens(part, place),
  };
}

function token(
  name: string,
  pattern: RegExp | Matcher,
  options: { categories?: TokenType; pushMode?: string; group?: string } = {},
): TokenType {
  const { categories, pushMode, group } = options;
  return createToken({
    name,
    pattern,
    // A logical line has no line ends.
    line_breaks: false,
    ...(categories && { categories }),
    ...(pushMode !== undefined && { push_mode: pushMode }),
    ...(group !== undefined && { group }),
  });
}

function keywordTokens(category: TokenType): Record<KeywordName, TokenType> {
  const keyword = (name: KeywordName): TokenType =>
    token(name, new RegExp(`${name}(?![^\\t\\v\\f\\r ])`, 'i'), {
      categories: category,
      pushMode: KEYWORD_MODES[name],
    });
  return {
    Add: keyword('Add'),
    Arg: keyword('Arg'),
    Cmd: keyword('Cmd'),
    Copy: keyword('Copy'),
    Entrypoint: keyword('Entrypoint'),
    Env: keyword('Env'),
    Expose: keyword('Expose'),
    From: keyword('From'),
    Healthcheck: keyword('Healthcheck'),
    Label: keyword('Label'),
    Maintainer: keyword('Maintainer'),
    Onbuild: keyword('Onbuild'),
    Run: keyword('Run'),
    Shell: keyword('Shell'),
    Stopsignal: keyword('Stopsignal'),
    User: keyword('User'),
    Volume: keyword('Volume'),
    Workdir: keyword('Workdir'),
  };
}

/** Words, text to the end of the line, and heredoc starts. */
function operandTokens(part: MakePart, { isFirst }: Place) {
  const Word = part('Word', /[^\t\v\f\r ]+/);
  return {
    Word,
    /** AS, where it stands between an image and a stage name. */
    As: part('As', (text, offset, before) => {
      const isSecond = before.at(-1)?.tokenType === Word && isFirst(before.at(-2));
      const word = isSecond ? /^as(?![^\t\v\f\r ])/i.exec(text.slice(offset, offset + 3)) : null;
      return word === null ? null : [word[0]];
    }),
    Text: part('Text', /[\s\S]+/),
    HealthType: part('HealthType', /\S+/, 'command'),
    ShellWord: part('ShellWord', shellWordMatcher()),
    Heredoc: part('Heredoc', heredocMatcher()),
  };
}

/** Words are told apart for the heredocs among them: behind the last `<<` the rest is one. */
function shellWordMatcher(): Matcher {
  let searched: { readonly text: string; readonly last: number } | undefined;
  return (text, offset) => {
    if (searched?.text !== text) searched = { text, last: text.lastIndexOf('<<') };
    const end = offset > searched.last ? undefined : shellWordEnd(text, offset);
    return [text.slice(offset, end)];
  };
}

/** A heredoc counts only where all quotes of the line close; that is judged once for a line. */
function heredocMatcher(): Matcher {
  let judged: { readonly text: string; readonly closes: boolean } | undefined;
  return (text, offset) => {
    if (!/^\d*<</.test(text.slice(offset, offset + 12))) return null;
    const end = shellWordEnd(text, offset);
    if (end === undefined) return null;
    const word = text.slice(offset, end);
    if (parseHeredocStart(word) === undefined) return null;
    if (judged?.text !== text) judged = { text, closes: quotesClose(text, offset) };
    return judged.closes ? [word] : null;
  };
}

/** `key=value` of ENV, LABEL and ARG, `key value` of old, and words that are neither. */
function assignmentTokens(part: MakePart, place: Place & { readonly escapeCharacter: string }) {
  const { isFirst, escapeCharacter } = place;
  const wordAt = (text: string, offset: number): string =>
    text.slice(offset, assignmentEnd(text, offset, escapeCharacter));
  const LegacyName = part('LegacyName', (text, offset, before) => {
    if (!isFirst(before.at(-1)) || wordAt(text, offset).includes('=')) return null;
    const name = /^[^\t\v\f\r ]+/.exec(text.slice(offset));
    return name === null ? null : [name[0]];
  });
  const PairKey = part('PairKey', (text, offset) => {
    const equals = wordAt(text, offset).indexOf('=');
    return equals > 0 ? [text.slice(offset, offset + equals)] : null;
  });
  const Equals = part('Equals', /=/);
  return {
    LegacyName,
    LegacyValue: part('LegacyValue', (text, offset, before) =>
      before.at(-1)?.tokenType === LegacyName ? [text.slice(offset)] : null,
    ),
    PairKey,
    Equals,
    PairValue: part('PairValue', (text, offset, before) => {
      const equals = before.at(-1);
      if (equals?.tokenType !== Equals || equals.startOffset + 1 !== offset) return null;
      // Quotes may open in the key: the word is measured from its start.
      const key = before.at(-2);
      const hasKey =
        key?.tokenType === PairKey && key.startOffset + key.image.length === equals.startOffset;
      const start = hasKey ? key.startOffset : equals.startOffset;
      const end = assignmentEnd(text, start, escapeCharacter);
      return end > offset ? [text.slice(offset, end)] : null;
    }),
    BareWord: part('BareWord', (text, offset) => {
      const word = wordAt(text, offset);
      return word === '' ? null : [word];
    }),
    /** An escape at the very end protects nothing. */
    DanglingEscape: token(
      'DanglingEscape',
      (text, offset) => (text.slice(offset) === escapeCharacter ? [escapeCharacter] : null),
      { group: Lexer.SKIPPED },
    ),
  };
}

function jsonTokens(part: MakePart, { isFirst }: Place) {
  return {
    JsonOpen: part(
      'JsonOpen',
      (text, offset, before) => {
        const last = before.at(-1);
        const isPlace = isFirst(last) || last?.tokenType.name === 'HealthType';
        return text[offset] === '[' && isPlace && isJsonArray(text.slice(offset)) ? ['['] : null;
      },
      'json',
    ),
    JsonClose: part('JsonClose', /\]/),
    JsonComma: part('JsonComma', /,/),
    JsonString: part('JsonString', /"(?:[^"\\]|\\[\s\S])*"/),
    /** Numbers, nested arrays and the like: valid JSON, not valid here. */
    JsonOther: part('JsonOther', /[^\s",\]]+/),
  };
}

/**
 * The lexer over these tokens. `validate` lets chevrotain examine the patterns first: tests do,
 * users need not wait for it.
 */
export function createLexer(t: Tokens, options: { readonly validate?: boolean } = {}): Lexer {
  const flags = [t.Blank, t.Flag, t.FlagsEnd];
  const keywords = [
    ...[t.Add, t.Arg, t.Cmd, t.Copy, t.Entrypoint, t.Env, t.Expose, t.From, t.Healthcheck],
    ...[t.Label, t.Maintainer, t.Onbuild, t.Run, t.Shell, t.Stopsignal, t.User, t.Volume],
    t.Workdir,
  ];
  const assignments = [t.PairValue, t.PairKey, t.Equals, t.BareWord];
  const legacy = [t.LegacyValue, t.LegacyName];
  return new Lexer(
    {
      defaultMode: 'start',
      modes: {
        start: [...flags, ...keywords, t.UnknownKeyword],
        from: [...flags, t.As, t.Word],
        words: [...flags, t.Word],
        list: [...flags, t.JsonOpen, t.Word],
        paths: [...flags, t.JsonOpen, t.Heredoc, t.Word],
        shell: [t.Space, t.Flag, t.FlagsEnd, t.JsonOpen, t.Heredoc, t.ShellWord],
        command: [t.Space, t.Flag, t.FlagsEnd, t.JsonOpen, t.Text],
        text: [...flags, t.Text],
        health: [...flags, t.HealthType],
        pairs: [t.Space, t.Flag, t.FlagsEnd, t.DanglingEscape, ...legacy, ...assignments],
        args: [t.Space, t.Flag, t.FlagsEnd, t.DanglingEscape, ...assignments],
        json: [t.Space, t.JsonString, t.JsonComma, t.JsonClose, t.JsonOther],
      },
    },
    {
      positionTracking: 'onlyOffset',
      skipValidations: options.validate !== true,
      // Without the first-character tables: they cost more to build than they save on short lines.
      safeMode: true,
    },
  );
}
