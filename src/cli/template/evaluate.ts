/**
 * Fills in a template, by the rules of Go's text/template. What it may cost is
 * counted (budget.ts).
 */
import { suggest } from '#dockerfile/suggest.ts';
import { Budget } from './budget.ts';
import { CallFailed, executionError } from './errors.ts';
import { type Parameter, SHORT_CIRCUITS, type TemplateFunction } from './functions.ts';
import {
  type Branch,
  type Command,
  type Node,
  nodeText,
  type Pipeline,
  type Term,
  type Tree,
} from './nodes.ts';
import { printed } from './print.ts';
import {
  Float,
  isList,
  isMap,
  isStruct,
  isTrue,
  knownFields,
  sortedEntries,
  typeName,
  type Value,
} from './values.ts';

/** Templates that call templates. */
const CALLS_MAX = 200;

export interface Evaluation {
  readonly source: string;
  readonly tree: Tree;
  readonly functions: Readonly<Record<string, TemplateFunction>>;
  /** How Go would call the type of the data; without one they are a map to the messages. */
  readonly subject: string | undefined;
}

/** No value was piped in; `undefined` is a value. */
const NOTHING = Symbol('nothing');
type Piped = Value | typeof NOTHING;

/** How a list of nodes ended. */
type Flow = 'next' | 'break' | 'continue';

/** @throws TEMPLATE_INVALID */
export function evaluate(evaluation: Evaluation, data: Value): string {
  const state = new State(evaluation, data);
  state.list(evaluation.tree.nodes, data);
  return state.output();
}

class State {
  readonly #of: Evaluation;
  readonly #data: Value;
  readonly #chunks: string[] = [];
  readonly #budget: Budget;
  #calls = 0;
  #variables: { readonly name: string; value: Value }[];
  /** What is being evaluated, for messages. */
  #here: Term | Command | undefined;

  constructor(of: Evaluation, data: Value) {
    this.#of = of;
    this.#budget = new Budget(of.source);
    this.#data = data;
    this.#variables = [{ name: '$', value: data }];
  }

  output(): string {
    return this.#chunks.join('');
  }

  list(nodes: readonly Node[], dot: Value): Flow {
    const [first] = nodes;
    if (!first) return 'next';
    this.#budget.enter(first.at);
    let flow: Flow = 'next';
    for (const node of nodes) {
      flow = this.#node(node, dot);
      if (flow !== 'next') break;
    }
    this.#budget.leave();
    return flow;
  }

  #node(node: Node, dot: Value): Flow {
    this.#budget.step(node.at);
    switch (node.kind) {
      case 'text':
        this.#put(node.text, node.at);
        return 'next';
      case 'action': {
        const value = this.#pipeline(node.pipeline, dot);
        if (node.pipeline.variables.length > 0) return 'next';
        this.#put(value === undefined ? '<no value>' : printed(value), node.at);
        return 'next';
      }
      case 'template':
        this.#template(node, dot);
        return 'next';
      case 'break':
      case 'continue':
        return node.kind;
      default: {
        const depth = this.#variables.length;
        const flow = node.kind === 'range' ? this.#range(node, dot) : this.#choose(node, dot);
        this.#variables.length = depth;
        return flow;
      }
    }
  }

  #choose(branch: Branch, dot: Value): Flow {
    const value = this.#pipeline(branch.pipeline, dot);
    if (!isTrue(value)) return this.list(branch.otherwise, dot);
    return this.list(branch.body, branch.kind === 'with' ? value : dot);
  }

  #range(branch: Branch, dot: Value): Flow {
    const { variables, assigns } = branch.pipeline;
    // With range, the variables are set once a turn, not to the pipeline's value.
    const over = this.#commands(branch.pipeline, dot);
    if (typeof over === 'number' && variables.length > 1) {
      throw this.#error(`can't use ${over} to iterate over more than one variable`);
    }
    const depth = this.#variables.length;
    let isEmpty = true;
    for (const [key, value] of this.#turns(over)) {
      isEmpty = false;
      this.#budget.step(branch.at);
      this.#variables.length = depth;
      const given =
        variables.length === 1 ? [typeof over === 'number' ? key : value] : [key, value];
      variables.forEach((name, i) => {
        this.#set(name, given[i], assigns);
      });
      if (this.list(branch.body, value) === 'break') break;
    }
    this.#variables.length = depth;
    return isEmpty ? this.list(branch.otherwise, dot) : 'next';
  }

  /** Keys and values in Go's order. */
  #turns(over: Value): Iterable<readonly [Value, Value]> {
    if (over === undefined || over === null) return [];
    if (typeof over === 'number') return counting(over);
    if (isList(over)) return over.entries();
    if (isMap(over)) return sortedEntries(over);
    throw this.#error(`range can't iterate over ${printed(over)}`);
  }

  #template(node: Extract<Node, { kind: 'template' }>, dot: Value): void {
    const place = { source: this.#of.source, at: node.at };
    const text = `{{template ${JSON.stringify(node.name)}${node.pipeline ? ` ${nodeText(node.pipeline)}` : ''}}}`;
    const body = this.#of.tree.defined.get(node.name);
    if (!body) {
      throw executionError(place, { text, message: `template "${node.name}" not defined` });
    }
    if (this.#calls >= CALLS_MAX) {
      const message = `exceeded maximum template depth (${CALLS_MAX})`;
      throw executionError(place, { text, message });
    }
    const value = node.pipeline ? this.#pipeline(node.pipeline, dot) : undefined;
    const variables = this.#variables;
    this.#variables = [{ name: '$', value }];
    this.#calls++;
    this.list(body, value);
    this.#calls--;
    this.#variables = variables;
  }

  #pipeline(pipeline: Pipeline, dot: Value): Value {
    const value = this.#commands(pipeline, dot);
    for (const name of pipeline.variables) this.#set(name, value, pipeline.assigns);
    return value;
  }

  /** The result of each command is the last argument of the next. */
  #commands(pipeline: Pipeline, dot: Value): Value {
    this.#here = pipeline;
    let piped: Piped = NOTHING;
    for (const command of pipeline.commands) piped = this.#command(command, dot, piped);
    return piped === NOTHING ? undefined : piped;
  }

  #command(command: Command, dot: Value, piped: Piped): Value {
    this.#budget.step(command.at);
    const [head, ...args] = command.terms;
    if (head.kind === 'function') return this.#call(command, dot, piped);
    this.#here = head;
    const hasArguments = args.length > 0 || piped !== NOTHING;
    if (hasArguments && (head.kind === 'field' || head.kind === 'chain')) {
      this.#term(head, dot);
      throw this.#error(`${head.path.at(-1)} has arguments but cannot be invoked as function`);
    }
    if (hasArguments) throw this.#error(`can't give argument to non-function ${nodeText(head)}`);
    if (head.kind === 'nil') throw this.#error('nil is not a command');
    return this.#term(head, dot);
  }

  #term(term: Term, dot: Value): Value {
    this.#here = term;
    switch (term.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return undefined;
      case 'literal':
        return term.value;
      case 'field':
        return this.#path(dot, term.path, term);
      case 'variable':
        return this.#path(this.#variable(term.name), term.path, term);
      case 'pipeline':
        return this.#pipeline(term, dot);
      case 'function':
        return this.#call({ kind: 'command', at: term.at, terms: [term] }, dot, NOTHING);
      case 'chain':
        if (term.of.kind === 'nil') {
          throw this.#error(`indirection through explicit nil in ${nodeText(term)}`);
        }
        return this.#path(this.#term(term.of, dot), term.path, term);
    }
  }

  #path(from: Value, path: readonly string[], term: Term): Value {
    this.#here = term;
    return path.reduce((value, name) => this.#field(value, name), from);
  }

  #field(value: Value, name: string): Value {
    if (value === undefined) return undefined;
    if (value === null) throw this.#error(`nil pointer evaluating object.${name}`);
    if (isMap(value)) return value.get(name);
    if (!isStruct(value)) {
      throw this.#error(`can't evaluate field ${name} in type ${typeName(value)}`);
    }
    if (Object.hasOwn(value, name) && value[name] !== undefined) return value[name];
    const { subject } = this.#of;
    const message =
      subject === undefined
        ? `map has no entry for key "${name}"`
        : `can't evaluate field ${name} in type ${value === this.#data ? subject : typeName(value)}`;
    const known = knownFields(value).map(([field]) => field);
    throw this.#error(message, fieldHint(name, known));
  }

  #call(command: Command, dot: Value, piped: Piped): Value {
    const [head, ...terms] = command.terms;
    this.#here = head;
    const name = head.kind === 'function' ? head.name : '';
    const called = Object.hasOwn(this.#of.functions, name) ? this.#of.functions[name] : undefined;
    if (!called) throw this.#error(`"${name}" is not a defined function`);
    const count = terms.length + (piped === NOTHING ? 0 : 1);
    this.#checkCount(name, called, { given: terms.length, count });
    if (SHORT_CIRCUITS.has(name)) return this.#shortCircuit(name, { terms, dot, piped });
    const args = terms.map((term, i) => this.#argument(term, parameterAt(called, i), dot));
    if (piped !== NOTHING) args.push(this.#checked(piped, parameterAt(called, count - 1)));
    try {
      const result = called.call(args);
      this.#budget.made(result, command.at);
      return result;
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      this.#here = command;
      throw this.#error(`error calling ${name}: ${error.message}`);
    }
  }

  #checkCount(
    name: string,
    { parameters, more }: TemplateFunction,
    { given, count }: { readonly given: number; readonly count: number },
  ): void {
    const wanted = parameters.length;
    if (more !== undefined && count < wanted) {
      throw this.#error(`wrong number of args for ${name}: want at least ${wanted} got ${given}`);
    }
    if (more === undefined && count !== wanted) {
      throw this.#error(`wrong number of args for ${name}: want ${wanted} got ${count}`);
    }
  }

  /** The first argument that decides; those behind it are not looked at. */
  #shortCircuit(
    name: string,
    call: { readonly terms: readonly Term[]; readonly dot: Value; readonly piped: Piped },
  ): Value {
    let value: Value;
    for (const term of call.terms) {
      value = this.#argument(term, 'any', call.dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return call.piped === NOTHING ? value : call.piped;
  }

  #argument(term: Term, parameter: Parameter, dot: Value): Value {
    this.#here = term;
    const value = this.#term(term, dot);
    if (term.kind === 'nil' && parameter !== 'any' && parameter !== 'strings') {
      throw this.#error(`cannot assign nil to ${goType(parameter)}`);
    }
    if (term.kind === 'literal' && !isOf(value, parameter)) {
      const wanted = { any: 'value', string: 'string', int: 'integer', strings: '[]string' };
      throw this.#error(
        parameter === 'strings'
          ? `can't handle ${nodeText(term)} for arg of type []string`
          : `expected ${wanted[parameter]}; found ${nodeText(term)}`,
      );
    }
    return this.#checked(value, parameter);
  }

  #checked(value: Value, parameter: Parameter): Value {
    if (isOf(value, parameter)) return value;
    if (value === undefined && parameter === 'strings') return [];
    if (value === undefined) throw this.#error(`invalid value; expected ${goType(parameter)}`);
    throw this.#error(
      `wrong type for value; expected ${goType(parameter)}; got ${typeName(value)}`,
    );
  }

  #variable(name: string): Value {
    return this.#variables.findLast((variable) => variable.name === name)?.value;
  }

  #set(name: string, value: Value, assigns: boolean): void {
    const known = assigns ? this.#variables.findLast((one) => one.name === name) : undefined;
    if (known) known.value = value;
    else this.#variables.push({ name, value });
  }

  #put(text: string, at: number): void {
    this.#budget.put(text, at);
    this.#chunks.push(text);
  }

  #error(message: string, hint?: string) {
    const node = this.#here;
    return executionError(
      { source: this.#of.source, at: node?.at ?? 0 },
      { text: node ? nodeText(node) : '', message, hint },
    );
  }
}

function* counting(end: number): Iterable<readonly [number, number]> {
  for (let i = 0; i < end; i++) yield [i, i];
}

function parameterAt({ parameters, more }: TemplateFunction, i: number): Parameter {
  return parameters[i] ?? more ?? 'any';
}

function isOf(value: Value, parameter: Parameter): boolean {
  switch (parameter) {
    case 'any':
      return true;
    case 'string':
      return typeof value === 'string';
    case 'int':
      return typeof value === 'number' || (value instanceof Float && Number.isInteger(value.value));
    case 'strings':
      return isList(value) && value.every((one) => typeof one === 'string');
  }
}

function goType(parameter: Parameter): string {
  return parameter === 'strings' ? '[]string' : parameter === 'any' ? 'interface {}' : parameter;
}

function fieldHint(name: string, known: readonly string[]): string {
  const similar = suggest(name, known);
  const exact = known.find((field) => field.toLowerCase() === name.toLowerCase());
  const meant = exact ?? known.find((field) => field.toLowerCase() === similar?.toLowerCase());
  if (meant !== undefined) return `did you mean .${meant}?`;
  return `the fields here are ${known.map((field) => `.${field}`).join(', ')}`;
}
