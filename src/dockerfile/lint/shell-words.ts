/**
 * The commands of a RUN text: words with their places in the file, behind assignments and wrappers
 * (`sudo`, `env`). It reads `&&`, `;`, `|`, quotes, comments, redirections, subshells and command
 * substitutions, and enough of `if`, `for` and `case` to find the commands in them. It is no
 * shell: nothing is expanded, wrong syntax is taken as it comes, nothing is thrown. One pass over
 * the text, with a stack for what is nested.
 */
import type { Range } from '#core/source.ts';

export interface ShellWord {
  /** Quotes and backslashes resolved; `$name` stays, a substitution becomes `$()`. */
  readonly text: string;
  readonly quoted: boolean;
  readonly range: Range;
}

export interface ShellCommand {
  readonly name: ShellWord;
  readonly args: readonly ShellWord[];
  /** `sudo`, `env` and the like in front of it. */
  readonly wrappers: readonly ShellWord[];
  /** `A=b` in front of it, or of its wrappers. */
  readonly assignments: readonly ShellWord[];
}

export interface ShellScript {
  /** In the order in which they end. */
  readonly commands: readonly ShellCommand[];
  /** The places of `|` and `|&`. */
  readonly pipes: readonly Range[];
}

/** `place`: where `text.slice(start, end)` stands in the file. */
export function readShell(text: string, place: (start: number, end: number) => Range): ShellScript {
  return new ShellReader(text, place).read();
}

/** What is open: the script itself, `$(`, `(`, a backtick, or a double quote around words. */
interface Frame {
  readonly kind: 'script' | 'paren' | 'substitution' | 'backtick';
  words: ShellWord[];
  word: PartialWord | undefined;
  /** Between double quotes of `word`. */
  inQuotes: boolean;
  /** The next word is the target of a redirection, or where a heredoc ends. */
  redirects: 'nothing' | 'file' | 'heredoc';
  /** `case`s that are open, and whether a pattern is being read. */
  cases: number;
  inPattern: boolean;
}

interface PartialWord {
  readonly start: number;
  text: string;
  quoted: boolean;
}

const ORDINARY = /[^\s'"\\$`<>;&|()#]+/y;
const ORDINARY_IN_QUOTES = /[^"\\$`]+/y;

class ShellReader {
  readonly #text: string;
  readonly #place: (start: number, end: number) => Range;
  readonly #commands: ShellCommand[] = [];
  readonly #pipes: Range[] = [];
  /** Delimiters of the heredocs that start at the next line. */
  readonly #heredocs: string[] = [];
  readonly #outer: Frame[] = [];
  #frame: Frame = newFrame('script');
  #at = 0;

  constructor(text: string, place: (start: number, end: number) => Range) {
    this.#text = text;
    this.#place = place;
  }

  read(): ShellScript {
    while (this.#at < this.#text.length) {
      if (this.#frame.inQuotes) this.#readQuoted();
      else this.#readPlain();
    }
    this.#endCommand();
    while (this.#outer.length > 0) this.#closeFrame();
    this.#endCommand();
    return { commands: this.#commands, pipes: this.#pipes };
  }

  #readPlain(): void {
    if (this.#readRun(ORDINARY)) return;
    const character = this.#text[this.#at] ?? '';
    if (character === '\n') this.#readNewline();
    else if (/\s/.test(character)) this.#skipBlank();
    else if (character === '#' && this.#frame.word === undefined) this.#skipComment();
    else if (character === "'") this.#readSingleQuoted();
    else if (character === '"') this.#openQuotes();
    else if (character === '\\') this.#readEscaped();
    else if (character === '$') this.#readDollar();
    else if (character === '`') this.#readBacktick();
    else if (character === '<' || character === '>') this.#readRedirection();
    else if (';&|()'.includes(character)) this.#readOperator(character);
    else this.#append(character, 1);
  }

  #readQuoted(): void {
    if (this.#readRun(ORDINARY_IN_QUOTES)) return;
    const character = this.#text[this.#at] ?? '';
    if (character === '"') {
      this.#frame.inQuotes = false;
      this.#at++;
    } else if (character === '\\') this.#readEscaped();
    else if (character === '$') this.#readDollar();
    else if (character === '`') this.#readBacktick();
    else this.#append(character, 1);
  }

  /** Characters that mean nothing special are taken together. */
  #readRun(ordinary: RegExp): boolean {
    ordinary.lastIndex = this.#at;
    const run = ordinary.exec(this.#text)?.[0];
    if (run !== undefined) this.#append(run, run.length);
    return run !== undefined;
  }

  #append(text: string, length: number): void {
    const word = this.#openWord();
    word.text += text;
    // What is cut short by the end of the text is as long as the text.
    this.#at = Math.min(this.#at + length, this.#text.length);
  }

  #openWord(): PartialWord {
    this.#frame.word ??= { start: this.#at, text: '', quoted: false };
    return this.#frame.word;
  }

  #skipBlank(): void {
    this.#endWord();
    this.#at++;
  }

  #readNewline(): void {
    this.#separate(1);
    for (const name of this.#heredocs.splice(0)) this.#skipHeredoc(name);
  }

  #skipHeredoc(name: string): void {
    while (this.#at < this.#text.length) {
      const newline = this.#text.indexOf('\n', this.#at);
      const end = newline < 0 ? this.#text.length : newline;
      const line = this.#text.slice(this.#at, end).trim();
      this.#at = Math.min(end + 1, this.#text.length);
      if (line === name) return;
    }
  }

  #skipComment(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end < 0 ? this.#text.length : end;
  }

  #readSingleQuoted(): void {
    const close = this.#text.indexOf("'", this.#at + 1);
    const end = close < 0 ? this.#text.length : close;
    this.#openWord().quoted = true;
    this.#append(this.#text.slice(this.#at + 1, end), end + 1 - this.#at);
  }

  #openQuotes(): void {
    this.#openWord().quoted = true;
    this.#frame.inQuotes = true;
    this.#at++;
  }

  /** A backslash protects anything outside quotes, only a few characters inside. */
  #readEscaped(): void {
    const next = this.#text[this.#at + 1] ?? '';
    if (next === '\n') this.#at += 2;
    else if (this.#frame.inQuotes && !'"\\$`'.includes(next)) this.#append('\\', 1);
    else {
      this.#openWord().quoted = true;
      this.#append(next, 2);
    }
  }

  #readDollar(): void {
    if (this.#text.startsWith('$((', this.#at)) this.#append('$()', this.#balanced('(', ')'));
    else if (this.#text.startsWith('${', this.#at)) {
      const length = this.#balanced('{', '}');
      this.#append(this.#text.slice(this.#at, this.#at + length), length);
    } else if (this.#text.startsWith('$(', this.#at)) {
      this.#append('$()', 2);
      this.#openFrame('substitution');
    } else this.#append('$', 1);
  }

  /** The length of `$…` up to the bracket that closes it, or to the end. */
  #balanced(open: string, close: string): number {
    let depth = 0;
    for (let at = this.#at; at < this.#text.length; at++) {
      if (this.#text[at] === open) depth++;
      else if (this.#text[at] === close && --depth === 0) return at + 1 - this.#at;
    }
    return this.#text.length - this.#at;
  }

  #readBacktick(): void {
    if (this.#frame.kind === 'backtick') {
      this.#closeFrame();
      this.#at++;
    } else {
      this.#append('$()', 1);
      this.#openFrame('backtick');
    }
  }

  #readRedirection(): void {
    const { word } = this.#frame;
    // `2>`: the number belongs to the operator.
    if (word !== undefined && !word.quoted && /^\d+$/.test(word.text)) this.#frame.word = undefined;
    this.#endWord();
    if (this.#text[this.#at + 1] === '(') {
      this.#append('$()', 2);
      this.#openFrame('substitution');
      return;
    }
    const start = this.#at;
    do this.#at++;
    while (this.#at < this.#text.length && '<>&|-'.includes(this.#text[this.#at] ?? ''));
    const operator = this.#text.slice(start, this.#at);
    this.#frame.redirects = operator === '<<' || operator === '<<-' ? 'heredoc' : 'file';
  }

  #readOperator(character: string): void {
    const two = this.#text.slice(this.#at, this.#at + 2);
    if (character === '(') this.#openParenthesis();
    else if (character === ')') this.#closeParenthesis();
    else if (this.#frame.inPattern) this.#separate(1);
    else if (two === '&>') {
      this.#at++;
      this.#readRedirection();
    } else if (character === '|') this.#readPipe(two);
    else {
      const endsCase = two === ';;' || two === ';&';
      this.#separate(endsCase || two === '&&' ? 2 : 1);
      if (endsCase && this.#frame.cases > 0) this.#frame.inPattern = true;
    }
  }

  #readPipe(two: string): void {
    const length = two === '||' || two === '|&' ? 2 : 1;
    if (two !== '||') this.#pipes.push(this.#place(this.#at, this.#at + length));
    this.#separate(length);
  }

  #openParenthesis(): void {
    if (this.#frame.inPattern) this.#at++;
    else if (this.#frame.word?.text.endsWith('=')) {
      // An array of bash: `names=(a b)`.
      this.#append('()', this.#balanced('(', ')'));
    } else if (this.#frame.word !== undefined || this.#frame.words.length > 0) {
      // `name()`: a definition, not a command.
      this.#frame.word = undefined;
      this.#frame.words = [];
      this.#at++;
      if (this.#text[this.#at] === ')') this.#at++;
    } else {
      this.#at++;
      this.#openFrame('paren');
    }
  }

  #closeParenthesis(): void {
    if (this.#frame.inPattern) {
      this.#dropCommand();
      this.#frame.inPattern = false;
      this.#at++;
    } else {
      if (this.#outer.length > 0 && this.#frame.kind !== 'backtick') this.#closeFrame();
      else this.#endCommand();
      this.#at++;
    }
  }

  #separate(length: number): void {
    if (this.#frame.inPattern) {
      this.#endWord();
      this.#frame.words = [];
    } else this.#endCommand();
    this.#at += length;
  }

  #openFrame(kind: Frame['kind']): void {
    this.#outer.push(this.#frame);
    this.#frame = newFrame(kind);
  }

  #closeFrame(): void {
    this.#endCommand();
    this.#frame = this.#outer.pop() ?? newFrame('script');
  }

  #dropCommand(): void {
    this.#frame.word = undefined;
    this.#frame.words = [];
    this.#frame.redirects = 'nothing';
  }

  #endWord(): void {
    const { word } = this.#frame;
    if (word === undefined) return;
    this.#frame.word = undefined;
    const { redirects } = this.#frame;
    this.#frame.redirects = 'nothing';
    if (redirects === 'heredoc') this.#heredocs.push(word.text);
    if (redirects !== 'nothing') return;
    const { text, quoted } = word;
    this.#frame.words.push({ text, quoted, range: this.#place(word.start, this.#at) });
    this.#noticeCase({ text, quoted });
  }

  /** `case word in` opens, `esac` closes; what lies between are patterns and commands. */
  #noticeCase(word: { readonly text: string; readonly quoted: boolean }): void {
    if (word.quoted) return;
    const { words } = this.#frame;
    if (word.text === 'in' && words.length === 3 && words[0]?.text === 'case') {
      this.#frame.words = [];
      this.#frame.cases++;
      this.#frame.inPattern = true;
    } else if (word.text === 'esac' && words.length === 1 && this.#frame.cases > 0) {
      this.#frame.words = [];
      this.#frame.cases--;
      this.#frame.inPattern = false;
    }
  }

  #endCommand(): void {
    this.#endWord();
    const command = commandOf(this.#frame.words);
    if (command !== undefined) this.#commands.push(command);
    this.#dropCommand();
  }
}

function newFrame(kind: Frame['kind']): Frame {
  return {
    kind,
    words: [],
    word: undefined,
    inQuotes: false,
    redirects: 'nothing',
    cases: 0,
    inPattern: false,
  };
}

/** Words that stand in front of a command without being one. */
const INTRODUCING = new Set(['!', '{', 'if', 'then', 'else', 'elif', 'while', 'until', 'do']);

/** Words after which no command comes on this line. */
const STRUCTURAL = new Set(['}', 'fi', 'done', 'esac', 'for', 'select', 'function', 'case']);

/** Commands that run another, with those of their options that take a value. */
const WRAPPERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['sudo', ['-C', '-D', '-g', '-h', '-p', '-r', '-R', '-t', '-T', '-u', '-U']],
  ['env', ['-u', '-C', '--unset', '--chdir']],
  ['nice', ['-n', '--adjustment']],
  ['time', ['-f', '-o']],
  ['exec', ['-a']],
  ['command', []],
  ['builtin', []],
  ['nohup', []],
  ['eatmydata', []],
]);

function commandOf(words: readonly ShellWord[]): ShellCommand | undefined {
  const assignments: ShellWord[] = [];
  const wrappers: ShellWord[] = [];
  let at = 0;
  while (isOneOf(INTRODUCING, words[at])) at++;
  if (isOneOf(STRUCTURAL, words[at])) return undefined;
  for (;;) {
    while (isAssignment(words[at])) assignments.push(...words.slice(at, ++at));
    const name = words[at];
    if (name === undefined) return bare({ wrappers, assignments });
    const next = wrappedAt(words, at);
    if (next === undefined) {
      return { name, args: words.slice(at + 1), wrappers, assignments };
    }
    wrappers.push(name);
    at = next;
  }
}

/** A wrapper with nothing to wrap is the command itself (`sudo -v`, `env`). */
function bare(parts: {
  readonly wrappers: readonly ShellWord[];
  readonly assignments: readonly ShellWord[];
}): ShellCommand | undefined {
  const name = parts.wrappers.at(-1);
  if (name === undefined) return undefined;
  return { name, args: [], ...parts, wrappers: parts.wrappers.slice(0, -1) };
}

/** Where the command behind the wrapper at `at` starts; undefined when this is no wrapper. */
function wrappedAt(words: readonly ShellWord[], at: number): number | undefined {
  const name = words[at]?.text.replace(/^\/(?:usr\/)?bin\//, '') ?? '';
  const takeValue = WRAPPERS.get(name);
  if (takeValue === undefined) return undefined;
  let next = at + 1;
  for (; words[next]?.text.startsWith('-'); next++) {
    const option = words[next]?.text ?? '';
    // `command -v curl` asks for curl, it does not run it.
    if (name === 'command' && /^-[vV]/.test(option)) return undefined;
    if (takeValue.includes(option)) next++;
  }
  return next;
}

function isOneOf(words: ReadonlySet<string>, word: ShellWord | undefined): boolean {
  return word !== undefined && !word.quoted && words.has(word.text);
}

function isAssignment(word: ShellWord | undefined): boolean {
  return word !== undefined && /^[A-Za-z_]\w*\+?=/.test(word.text);
}
