/**
 * Go templates: tokens to a tree, with Go's rules about variables, control structures and what may
 * stand where. Bounded: nothing nests deeper than DEPTH_MAX.
 */
import { suggest } from '#dockerfile/suggest.ts';
import { parseError } from './errors.ts';
import { type Token, type TokenKind, tokenize } from './lexer.ts';
import { numberValue, runeValue, unquote } from './literals.ts';
import {
  type Branch,
  type Command,
  type Node,
  nodeText,
  type Pipeline,
  type Term,
  type Tree,
} from './nodes.ts';

const DEPTH_MAX = 500;

/** What ends a list of nodes. */
type Ending = 'eof' | 'end' | 'else';

/** `isFunction`: whether there is a function of that name. @throws TEMPLATE_INVALID */
export function parseTree(source: string, functions: ReadonlySet<string>): Tree {
  return new Parser(source, functions).tree();
}

class Parser {
  readonly #source: string;
  readonly #functions: ReadonlySet<string>;
  readonly #tokens: readonly Token[];
  readonly #defined = new Map<string, readonly Node[]>();
  /** Those in scope, `$` first. */
  #variables: string[] = ['$'];
  #next = 0;
  #depth = 0;
  #ranges = 0;

  constructor(source: string, functions: ReadonlySet<string>) {
    this.#source = source;
    this.#functions = functions;
    this.#tokens = tokenize(source);
  }

  tree(): Tree {
    const { nodes, ending } = this.#list(true);
    if (ending !== 'eof') throw this.#problem(`unexpected {{${ending}}}`);
    return { nodes, defined: this.#defined };
  }

  /** Nodes up to `end`, `else` or the end of all; the ending's keyword is past, its `}}` too for end. */
  #list(isTop: boolean): { readonly nodes: readonly Node[]; readonly ending: Ending } {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.kind === 'eof') {
        if (!isTop) throw this.#problem('unexpected EOF');
        return { nodes, ending: 'eof' };
      }
      if (token.kind === 'text') {
        this.#next++;
        nodes.push({ kind: 'text', at: token.at, text: token.text });
        continue;
      }
      const keyword = this.#peekSolid();
      if (keyword.kind === 'keyword' && (keyword.text === 'end' || keyword.text === 'else')) {
        this.#solid();
        if (keyword.text === 'end') this.#endAction('end');
        return { nodes, ending: keyword.text };
      }
      if (keyword.kind === 'keyword' && keyword.text === 'define' && isTop) this.#define();
      else nodes.push(this.#action());
    }
  }

  #action(): Node {
    const token = this.#peekSolid();
    if (token.kind !== 'keyword') {
      const pipeline = this.#pipeline('command');
      return { kind: 'action', at: token.at, pipeline };
    }
    this.#solid();
    switch (token.text) {
      case 'if':
      case 'with':
      case 'range':
        return this.#branch(token.text, token.at);
      case 'break':
      case 'continue':
        this.#endAction(`{{${token.text}}}`);
        if (this.#ranges === 0) throw this.#problem(`{{${token.text}}} outside {{range}}`);
        return { kind: token.text, at: token.at };
      case 'template':
        return this.#template();
      case 'block':
        return this.#block();
      default:
        throw this.#problem(`unexpected ${shown(token)} in command`);
    }
  }

  #branch(kind: Branch['kind'], at: number): Branch {
    return this.#nested(() => {
      const inScope = [...this.#variables];
      const pipeline = this.#pipeline(kind);
      if (kind === 'range') this.#ranges++;
      const { nodes: body, ending } = this.#list(false);
      if (kind === 'range') this.#ranges--;
      const otherwise = ending === 'else' ? this.#otherwise(kind) : [];
      this.#variables = inScope;
      return { kind, at, pipeline, body, otherwise };
    });
  }

  /** After `else`: to the end, or `if …` and `with …` as a branch that shares our end. */
  #otherwise(kind: Branch['kind']): readonly Node[] {
    const token = this.#peekSolid();
    if (token.kind === 'keyword' && token.text === kind && (kind === 'if' || kind === 'with')) {
      this.#solid();
      return [this.#branch(kind, token.at)];
    }
    this.#endAction('input');
    const { nodes, ending } = this.#list(false);
    if (ending !== 'end') throw this.#problem(`expected end; found {{${ending}}}`);
    return nodes;
  }

  #define(): void {
    this.#solid();
    const name = this.#name('define clause');
    this.#endAction('define clause');
    this.#defined.set(name, this.#own('define clause'));
  }

  #template(): Node {
    const { at } = this.#peekSolid();
    const name = this.#name('template clause');
    if (this.#peekSolid().kind === 'end-action') {
      this.#solid();
      return { kind: 'template', at, name, pipeline: undefined };
    }
    return { kind: 'template', at, name, pipeline: this.#pipeline('template clause') };
  }

  #block(): Node {
    const { at } = this.#peekSolid();
    const name = this.#name('block clause');
    const pipeline = this.#pipeline('block clause');
    this.#defined.set(name, this.#own('block clause'));
    return { kind: 'template', at, name, pipeline };
  }

  /** The body of a template of its own: it sees no variables but `$`. */
  #own(what: string): readonly Node[] {
    return this.#nested(() => {
      const [variables, ranges] = [this.#variables, this.#ranges];
      this.#variables = ['$'];
      this.#ranges = 0;
      const { nodes, ending } = this.#list(false);
      if (ending !== 'end') throw this.#problem(`unexpected {{${ending}}} in ${what}`);
      this.#variables = variables;
      this.#ranges = ranges;
      return nodes;
    });
  }

  #name(context: string): string {
    const token = this.#solid();
    const name = token.kind === 'string' ? unquote(token.text) : undefined;
    if (name === undefined) throw this.#unexpected(token, context);
    return name;
  }

  /** Up to and with what ends it. */
  #pipeline(context: string, end: TokenKind = 'end-action'): Pipeline {
    const { at } = this.#peekSolid();
    const { variables, assigns } = this.#declarations(context);
    const commands: Command[] = [];
    while (this.#peekSolid().kind !== end) {
      const token = this.#peekSolid();
      if (!TERMS.has(token.kind)) throw this.#unexpected(token, context);
      commands.push(this.#command());
    }
    this.#solid();
    const [first, ...rest] = commands;
    if (!first) throw this.#problem(`missing value for ${context}`);
    const stage = rest.findIndex(({ terms: [head] }) => isNoCommand(head));
    if (stage >= 0) {
      throw this.#problem(`non executable command in pipeline stage ${stage + 2}`);
    }
    return { kind: 'pipeline', at, variables, assigns, commands: [first, ...rest] };
  }

  /** `$x :=`, `$x =`, and in range `$i, $x :=`. */
  #declarations(context: string): Pick<Pipeline, 'variables' | 'assigns'> {
    const variables: string[] = [];
    for (;;) {
      const start = this.#next;
      const variable = this.#peekSolid();
      if (variable.kind !== 'variable') return { variables, assigns: false };
      this.#solid();
      const sign = this.#peekSolid();
      if (sign.kind === 'assign' || sign.kind === 'declare') {
        this.#solid();
        variables.push(variable.text);
        if (sign.kind === 'declare') this.#variables.push(...variables);
        else this.#checkVariable(variable.text);
        return { variables, assigns: sign.kind === 'assign' };
      }
      if (sign.kind !== 'char' || sign.text !== ',') {
        this.#next = start;
        return { variables, assigns: false };
      }
      this.#solid();
      variables.push(variable.text);
      if (context !== 'range' || variables.length > 1) {
        throw this.#problem(`too many declarations in ${context}`);
      }
      if (this.#peekSolid().kind !== 'variable') {
        throw this.#problem('range can only initialize variables');
      }
    }
  }

  #command(): Command {
    const { at } = this.#peekSolid();
    const terms: Term[] = [];
    for (;;) {
      const term = this.#operand();
      if (term) terms.push(term);
      const token = this.#peek();
      if (token.kind === 'end-action' || token.kind === 'close') break;
      this.#next++;
      if (token.kind === 'pipe') break;
      if (token.kind !== 'space') throw this.#unexpected(token, 'operand');
    }
    const [first, ...rest] = terms;
    if (!first) throw this.#problem('empty command');
    return { kind: 'command', at, terms: [first, ...rest] };
  }

  /** A term with the fields behind it. */
  #operand(): Term | undefined {
    const term = this.#term();
    if (!term) return undefined;
    const { at } = this.#peek();
    const path: string[] = [];
    while (this.#peek().kind === 'field') {
      path.push(this.#peek().text.slice(1));
      this.#next++;
    }
    if (path.length === 0) return term;
    switch (term.kind) {
      case 'field':
      case 'variable':
        // As Go: the place of such a term is that of its second part.
        return { ...term, at, path: [...term.path, ...path] };
      case 'dot':
      case 'nil':
      case 'literal':
        throw this.#problem(`unexpected . after term ${JSON.stringify(nodeText(term))}`);
      default:
        return { kind: 'chain', at, of: term, path };
    }
  }

  #term(): Term | undefined {
    const token = this.#peekSolid();
    if (!TERMS.has(token.kind)) return undefined;
    this.#solid();
    const { at, text } = token;
    switch (token.kind) {
      case 'dot':
      case 'nil':
        return { kind: token.kind, at };
      case 'field':
        return { kind: 'field', at, path: [text.slice(1)] };
      case 'variable':
        this.#checkVariable(text);
        return { kind: 'variable', at, name: text, path: [] };
      case 'name':
        this.#checkFunction(text);
        return { kind: 'function', at, name: text };
      case 'open':
        return this.#nested(() => this.#pipeline('parenthesized pipeline', 'close'));
      default:
        return { kind: 'literal', at, text, value: this.#literal(token) };
    }
  }

  #literal({ kind, text }: Token): Extract<Term, { kind: 'literal' }>['value'] {
    if (kind === 'bool') return text === 'true';
    if (kind === 'number')
      return numberValue(text) ?? this.#refuse(`illegal number syntax: "${text}"`);
    if (kind === 'rune')
      return runeValue(text) ?? this.#refuse(`malformed character constant: ${text}`);
    return unquote(text) ?? this.#refuse('invalid syntax');
  }

  #checkVariable(name: string): void {
    if (this.#variables.includes(name)) return;
    throw this.#problem(`undefined variable "${name}"`);
  }

  #checkFunction(name: string): void {
    if (this.#functions.has(name)) return;
    const similar = suggest(name, this.#functions);
    throw this.#problem(
      `function "${name}" not defined`,
      similar === undefined
        ? `the functions are ${[...this.#functions].join(', ')}`
        : `did you mean ${similar}?`,
    );
  }

  #nested<T>(parse: () => T): T {
    if (this.#depth >= DEPTH_MAX) throw this.#problem('max expression depth exceeded');
    this.#depth++;
    const result = parse();
    this.#depth--;
    return result;
  }

  #endAction(context: string): void {
    const token = this.#solid();
    if (token.kind !== 'end-action') throw this.#unexpected(token, context);
  }

  #peek(): Token {
    // The last token is the end or an error, and is never passed.
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)] ?? END;
  }

  /** The next one that is no space; spaces before it are passed. */
  #peekSolid(): Token {
    while (this.#peek().kind === 'space') this.#next++;
    return this.#peek();
  }

  #solid(): Token {
    const token = this.#peekSolid();
    this.#next++;
    return token;
  }

  #unexpected(token: Token, context: string) {
    return token.kind === 'error'
      ? this.#problem(token.text)
      : this.#problem(`unexpected ${shown(token)} in ${context}`);
  }

  #problem(problem: string, hint?: string) {
    return parseError({ source: this.#source, at: this.#peek().at }, problem, hint);
  }

  #refuse(problem: string): never {
    throw this.#problem(problem);
  }
}

const END: Token = { kind: 'eof', text: '', at: 0 };

const TERMS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  ...(['bool', 'rune', 'dot', 'field', 'name', 'number', 'nil', 'string', 'variable'] as const),
  'open',
]);

/** What can only be the first of a pipeline. */
function isNoCommand({ kind }: Term): boolean {
  return kind === 'literal' || kind === 'dot' || kind === 'nil';
}

/** A token in a message. */
function shown({ kind, text }: Token): string {
  if (kind === 'eof') return 'EOF';
  if (kind === 'keyword') return `<${text}>`;
  return text.length > 10 ? `${JSON.stringify(text.slice(0, 10))}...` : JSON.stringify(text);
}
