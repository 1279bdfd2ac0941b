/**
 * `--format` of listings, as docker's: `table`, `table TEMPLATE`, `json` (a line for each row) or a
 * template for each row, in which `\t` and `\n` are a tab and a newline. Pure.
 */
import { formatTable } from './table.ts';
import { AS_JSON, goJson, type Struct, type Value } from './template/values.ts';
import { parseTemplate } from './template.ts';

/** What a listing's rows are like. */
export interface RowKind {
  /** How messages call a row: `image`. */
  readonly subject: string;
  /** Headings of tables, by field. */
  readonly headings: Readonly<Record<string, string>>;
  /** Fields of the table when no template is given. */
  readonly columns: readonly string[];
}

/** @throws TEMPLATE_INVALID */
export function formatRows(
  rows: readonly Struct[],
  { subject, headings, columns }: RowKind,
  format: string | undefined,
): string {
  const wanted = (format ?? '').replace(/^ +| +$/g, '') || 'table';
  const isTable = wanted.startsWith('table');
  const chosen = isTable ? wanted.slice('table'.length).replace(/^ +/, '') : wanted;
  const source = chosen === '' ? columns.map((field) => `{{.${field}}}`).join('\t') : chosen;
  const template = parseTemplate(source.replaceAll('\\t', '\t').replaceAll('\\n', '\n'), {
    subject,
  });
  const lines = rows.map((row) => template.render(row));
  if (!isTable) return lines.map((line) => `${line}\n`).join('');
  const header = template.renderHeadings(new Map(Object.entries(headings)));
  return formatTable(
    header.split('\t'),
    lines.map((line) => line.split('\t')),
  );
}

/**
 * A row whose JSON is as docker's: fields in order of their names, `<` and `>` escaped. `inJson`: those
 * that JSON has in another form.
 */
export function rowOf(
  fields: Readonly<Record<string, Value>>,
  inJson: Readonly<Record<string, Value>> = {},
): Struct {
  const document = new Map(Object.entries({ ...fields, ...inJson }));
  return { ...fields, [AS_JSON]: escapeHtml(goJson(document)) };
}

/** What Go's JSON encoder does with what HTML could mistake. */
function escapeHtml(json: string): string {
  return json.replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026');
}
