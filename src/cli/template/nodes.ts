/** The tree of a parsed Go template, and how its parts are written in messages. */
import type { Float } from './values.ts';

interface Placed {
  /** In the source, in UTF-16 units. */
  readonly at: number;
}

/** A term: what a command is made of. */
export type Term =
  | (Placed & { readonly kind: 'dot' | 'nil' })
  | (Placed & { readonly kind: 'field'; readonly path: readonly string[] })
  /** `$x.Field`; `name` with its dollar. */
  | (Placed & {
      readonly kind: 'variable';
      readonly name: string;
      readonly path: readonly string[];
    })
  | (Placed & { readonly kind: 'function'; readonly name: string })
  | (Placed & {
      readonly kind: 'literal';
      readonly value: string | number | boolean | Float;
      readonly text: string;
    })
  | Pipeline
  /** `(pipeline).Field`. */
  | (Placed & { readonly kind: 'chain'; readonly of: Term; readonly path: readonly string[] });

export interface Command extends Placed {
  readonly kind: 'command';
  readonly terms: readonly [Term, ...Term[]];
}

export interface Pipeline extends Placed {
  readonly kind: 'pipeline';
  /** `$i, $x`, with their dollars. */
  readonly variables: readonly string[];
  /** `=` instead of `:=`. */
  readonly assigns: boolean;
  readonly commands: readonly [Command, ...Command[]];
}

export type Branch = Placed & {
  readonly kind: 'if' | 'with' | 'range';
  readonly pipeline: Pipeline;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[];
};

export type Node =
  | (Placed & { readonly kind: 'text'; readonly text: string })
  | (Placed & { readonly kind: 'action'; readonly pipeline: Pipeline })
  | Branch
  | (Placed & { readonly kind: 'break' | 'continue' })
  | (Placed & {
      readonly kind: 'template';
      readonly name: string;
      readonly pipeline: Pipeline | undefined;
    });

export interface Tree {
  readonly nodes: readonly Node[];
  /** By `define` and `block`. */
  readonly defined: ReadonlyMap<string, readonly Node[]>;
}

/** As Go writes a part of a template: `<.Name>` without the angles. */
export function nodeText(node: Term | Command): string {
  switch (node.kind) {
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'field':
      return pathText(node.path);
    case 'variable':
      return node.name + pathText(node.path);
    case 'function':
      return node.name;
    case 'literal':
      return node.text;
    case 'chain':
      return termText(node.of) + pathText(node.path);
    case 'command':
      return node.terms.map(termText).join(' ');
    case 'pipeline':
      return pipelineText(node);
  }
}

function termText(term: Term): string {
  return term.kind === 'pipeline' ? `(${nodeText(term)})` : nodeText(term);
}

function pathText(path: readonly string[]): string {
  return path.map((name) => `.${name}`).join('');
}

function pipelineText({ variables, assigns, commands }: Pipeline): string {
  const left = variables.length === 0 ? '' : `${variables.join(', ')} ${assigns ? '=' : ':='} `;
  return left + commands.map(nodeText).join(' | ');
}
