/**
 * A reporter for node --test: the results of the interop tests as tables in Markdown, one for each
 * file; tests of the same name in several groups share a row.
 */
import { basename } from 'node:path';

interface TestEvent {
  readonly type: string;
  readonly data?: {
    readonly name: string;
    readonly nesting: number;
    readonly file?: string;
    readonly skip?: string | boolean;
  };
}

/** Group → test → what to show. */
type Table = Map<string, Map<string, string>>;

export default async function* matrixReporter(
  source: AsyncIterable<TestEvent>,
): AsyncGenerator<string> {
  const tables = new Map<string, Table>();
  const notes: string[] = [];
  const open = new Map<string, Map<string, string>>();
  for await (const { type, data } of source) {
    if (data?.file === undefined || (type !== 'test:pass' && type !== 'test:fail')) continue;
    const { file, name, nesting, skip } = data;
    const results = open.get(file) ?? new Map<string, string>();
    open.set(file, results);
    if (nesting > 0) {
      const isNoted = typeof skip === 'string';
      results.set(name, isNoted ? noted(skip, notes) : type === 'test:pass' ? '✓' : '✗');
      continue;
    }
    const table = tables.get(file) ?? new Map<string, Map<string, string>>();
    table.set(name, results);
    tables.set(file, table);
    open.delete(file);
  }
  for (const [file, table] of tables) {
    yield `\n### ${basename(file, '.test.ts')}\n\n${isGrid(table) ? grid(table) : list(table)}`;
  }
  yield `\n${notes.map((note, i) => `${i + 1}. ${note}\n`).join('')}`;
}

/** The number of a remark that is made once. */
function noted(text: string, notes: string[]): string {
  if (!notes.includes(text)) notes.push(text);
  return `(${notes.indexOf(text) + 1})`;
}

function isGrid(table: Table): boolean {
  const names = [...table.values()].map((results) => [...results.keys()].join());
  return new Set(names).size === 1;
}

function grid(table: Table): string {
  const [first] = table.values();
  const rows = [...(first?.keys() ?? [])].map((name) => [
    name,
    ...[...table.values()].map((results) => results.get(name) ?? ''),
  ]);
  return lines([['', ...table.keys()], ['---', ...[...table].map(() => '---')], ...rows]);
}

function list(table: Table): string {
  const rows = [...table].flatMap(([group, results]) =>
    [...results].map(([name, result]) => [group, name, result]),
  );
  return lines([['tool', 'what it writes', ''], ['---', '---', '---'], ...rows]);
}

function lines(rows: readonly (readonly string[])[]): string {
  return rows
    .map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`)
    .join('');
}
