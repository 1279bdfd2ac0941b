/**
 * `--format` of one document, as `inspect` has it: Go's text/template with docker's functions.
 * Listings have rows.ts around it.
 */
import { evaluate } from './template/evaluate.ts';
import { FUNCTIONS, HEADING_FUNCTIONS } from './template/functions.ts';
import { parseTree } from './template/parser.ts';
import type { Value } from './template/values.ts';

const NAMES: ReadonlySet<string> = new Set(Object.keys(FUNCTIONS));

export interface Template {
  /** @throws TEMPLATE_INVALID for what the data do not have */
  render(value: Value): string;
  /** The same for a table's headings by field: functions leave them as they are. */
  renderHeadings(headings: ReadonlyMap<string, string>): string;
}

export interface TemplateOptions {
  /** How messages call what is shown, such as `image`. */
  readonly subject?: string;
}

/** `json` alone means the whole document. @throws TEMPLATE_INVALID */
export function parseTemplate(format: string, { subject }: TemplateOptions = {}): Template {
  const source = format === 'json' ? '{{json .}}' : format;
  const of = { source, tree: parseTree(source, NAMES), subject };
  return {
    render: (value) => evaluate({ ...of, functions: FUNCTIONS }, value),
    renderHeadings: (headings) => evaluate({ ...of, functions: HEADING_FUNCTIONS }, headings),
  };
}
