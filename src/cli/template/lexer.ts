/**
 * A Go template cut into tokens: text, and what stands between `{{` and `}}`. Trim markers and
 * comments end here. What cannot be read becomes an error token, where the parser stops.
 */

export type TokenKind =
  | 'text'
  | 'end-action'
  | 'space'
  | 'string'
  | 'rune'
  | 'number'
  | 'name'
  | 'keyword'
  | 'field'
  | 'variable'
  | 'dot'
  | 'nil'
  | 'bool'
  | 'pipe'
  | 'assign'
  | 'declare'
  | 'open'
  | 'close'
  | 'char'
  | 'eof'
  | 'error';

export interface Token {
  readonly kind: TokenKind;
  /** As written; of an error its message. */
  readonly text: string;
  /** Where it begins, in UTF-16 units. */
  readonly at: number;
}

const KEYWORDS: ReadonlySet<string> = new Set([
  ...['block', 'break', 'continue', 'define', 'else', 'end', 'if', 'range', 'template', 'with'],
]);

const COMMENT = /\{\{(?:-[ \t\r\n]+)?\/\*/y;
const COMMENT_END = /\*\/(?:[ \t\r\n]+-)?\}\}/y;

export function tokenize(source: string): readonly Token[] {
  return new Lexer(source).run();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #parens = 0;
  /** The action before ended with a trim marker. */
  #trimsLeft = false;

  constructor(source: string) {
    this.#source = source;
  }

  run(): readonly Token[] {
    while (this.#text() && this.#action()) {
      // One piece of text and one action a turn.
    }
    return this.#tokens;
  }

  /** Text up to the next `{{`; false at the end of all. */
  #text(): boolean {
    const open = this.#source.indexOf('{{', this.#at);
    const end = open < 0 ? this.#source.length : open;
    let text = this.#source.slice(this.#at, end);
    let at = this.#at;
    if (this.#trimsLeft) {
      const trimmed = text.replace(/^[ \t\r\n]+/, '');
      at += text.length - trimmed.length;
      text = trimmed;
    }
    if (open >= 0 && /^\{\{-[ \t\r\n]/.test(this.#source.slice(open, open + 4))) {
      text = withoutSpaceAtEnd(text);
    }
    if (text !== '') this.#tokens.push({ kind: 'text', text, at });
    this.#at = end;
    if (open >= 0) return true;
    this.#tokens.push({ kind: 'eof', text: '', at: end });
    return false;
  }

  /** From `{{` to after `}}`; false after an error. */
  #action(): boolean {
    const comment = this.#match(COMMENT);
    if (comment !== undefined) return this.#comment();
    this.#at += /^\{\{-[ \t\r\n]/.test(this.#source.slice(this.#at, this.#at + 4)) ? 3 : 2;
    this.#parens = 0;
    for (;;) {
      const end = this.#match(/(?:[ \t\r\n]+-)?\}\}/y);
      if (end !== undefined) {
        if (this.#parens > 0) return this.#fail('unclosed left paren');
        this.#trimsLeft = end.length > 2;
        this.#tokens.push({ kind: 'end-action', text: '}}', at: this.#at - 2 });
        return true;
      }
      if (!this.#token()) return false;
    }
  }

  #comment(): boolean {
    const close = this.#source.indexOf('*/', this.#at);
    if (close < 0) return this.#fail('unclosed comment');
    this.#at = close;
    const end = this.#match(COMMENT_END);
    if (end === undefined) return this.#fail('comment ends before closing delimiter');
    this.#trimsLeft = end.length > 4;
    return true;
  }

  #token(): boolean {
    if (this.#at >= this.#source.length) return this.#fail('unclosed action');
    const char = this.#source.charAt(this.#at);
    switch (char) {
      case '"':
        return (
          this.#take('string', /"(?:[^"\\\n]|\\[^\n])*"/y) ||
          this.#fail('unterminated quoted string')
        );
      case '`':
        return this.#take('string', /`[^`]*`/y) || this.#fail('unterminated raw quoted string');
      case "'":
        return (
          this.#take('rune', /'(?:[^'\\\n]|\\[^\n])*'/y) ||
          this.#fail('unterminated character constant')
        );
      case '(':
        this.#parens++;
        return this.#take('open', /\(/y);
      case ')':
        this.#parens--;
        return this.#parens < 0 ? this.#fail('unexpected right paren') : this.#take('close', /\)/y);
      case ':':
        return this.#take('declare', /:=/y) || this.#fail('expected :=');
      default:
        return this.#plainToken(char);
    }
  }

  #plainToken(char: string): boolean {
    if (this.#take('space', /[ \t\r\n]+/y)) return true;
    if (this.#take('assign', /=/y) || this.#take('pipe', /\|/y)) return true;
    if (/[-+0-9]/.test(char) || /^\.[0-9]/.test(this.#source.slice(this.#at, this.#at + 2))) {
      return this.#number();
    }
    if (char === '$' || char === '.' || /[\p{L}\p{Nd}_]/u.test(this.#charAt(this.#at))) {
      return this.#word(char);
    }
    if (this.#take('char', /[!-~]/y)) return true;
    return this.#fail(`unrecognized character in action: ${codePoint(this.#charAt(this.#at))}`);
  }

  #number(): boolean {
    const start = this.#at;
    const pattern =
      /[-+]?(?:0[xX][0-9a-fA-F_]*|0[bB][01_]*|0[oO][0-7_]*|[0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9_]*)?)/y;
    const text = this.#match(pattern) ?? '';
    const next = this.#charAt(this.#at);
    if (/[\p{L}\p{Nd}_]/u.test(next)) {
      return this.#fail(`bad number syntax: ${JSON.stringify(text + next)}`);
    }
    this.#tokens.push({ kind: 'number', text, at: start });
    return true;
  }

  /** A name, `.Field` or `$variable`, or a dot alone. */
  #word(char: string): boolean {
    const at = this.#at;
    const text = this.#match(/[.$]?[\p{L}\p{Nd}_]*/uy) ?? '';
    const next = this.#charAt(this.#at);
    // A lone dot may stand before anything that is no name: the parser says what is wrong then.
    if (!this.#isTerminator(next)) return this.#fail(`bad character ${codePoint(next)}`);
    this.#tokens.push({ kind: wordKind(char, text), text, at });
    return true;
  }

  #isTerminator(next: string): boolean {
    return next === '' || /[ \t\r\n.,|:()]/.test(next) || this.#source.startsWith('}}', this.#at);
  }

  #take(kind: TokenKind, pattern: RegExp): boolean {
    const at = this.#at;
    const text = this.#match(pattern);
    if (text === undefined) return false;
    this.#tokens.push({ kind, text, at });
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#source)?.[0];
    if (text !== undefined) this.#at += text.length;
    return text;
  }

  /** A whole code point; empty at the end. */
  #charAt(at: number): string {
    const code = this.#source.codePointAt(at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  #fail(message: string): false {
    this.#tokens.push({ kind: 'error', text: message, at: this.#at });
    return false;
  }
}

/** Not by an expression: it would try each of many spaces before other text anew. */
function withoutSpaceAtEnd(text: string): string {
  let end = text.length;
  while (end > 0 && ' \t\r\n'.includes(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

function wordKind(char: string, text: string): TokenKind {
  if (char === '$') return 'variable';
  if (text === '.') return 'dot';
  if (char === '.') return 'field';
  if (text === 'nil') return 'nil';
  if (text === 'true' || text === 'false') return 'bool';
  return KEYWORDS.has(text) ? 'keyword' : 'name';
}

/** `U+0040 '@'`. */
function codePoint(char: string): string {
  const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `U+${code} '${char}'`;
}
