/** `--format` of listings. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatRows, type RowKind, rowOf } from '#cli/rows.ts';

const kind: RowKind = {
  subject: 'thing',
  headings: { ID: 'THING ID', Name: 'NAME' },
  columns: ['Name', 'ID'],
};
const rows = [rowOf({ Name: '<none>', ID: 'ab&c' }), rowOf({ Name: 'two', ID: 'x' })];

const CASES: readonly (readonly [format: string | undefined, text: string])[] = [
  [undefined, 'NAME      THING ID\n<none>    ab&c\ntwo       x\n'],
  ['', 'NAME      THING ID\n<none>    ab&c\ntwo       x\n'],
  ['table', 'NAME      THING ID\n<none>    ab&c\ntwo       x\n'],
  ['table {{.ID}}', 'THING ID\nab&c\nx\n'],
  ['table {{json .ID}}\\t{{if .Name}}y{{end}}', 'THING ID   y\n"ab&c"     y\n"x"        y\n'],
  ['{{.ID}}\\t{{.Name}}\\n-', 'ab&c\t<none>\n-\nx\ttwo\n-\n'],
  ['json', '{"ID":"ab\\u0026c","Name":"\\u003cnone\\u003e"}\n{"ID":"x","Name":"two"}\n'],
  ['{{json .Name}}', '"<none>"\n"two"\n'],
];

for (const [format, text] of CASES) {
  test(format ?? 'no format', () => {
    assert.equal(formatRows(rows, kind, format), text);
  });
}

test('no rows: a table has its headings, a template prints nothing', () => {
  assert.equal(formatRows([], kind, undefined), 'NAME      THING ID\n');
  assert.equal(formatRows([], kind, '{{.ID}}'), '');
});

test('a field that rows do not have', () => {
  assert.throws(() => formatRows(rows, kind, '{{.Nmae}}'), {
    code: 'TEMPLATE_INVALID',
    message:
      'template parsing error: template: :1:2: executing "" at <.Nmae>: can\'t evaluate field Nmae in type thing',
    hint: 'did you mean .Name?',
  });
});
