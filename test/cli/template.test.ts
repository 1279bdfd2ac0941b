/** The part of Go templates that `--format` understands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTemplate } from '#cli/template.ts';
import { isSlipwayError } from '#core/errors.ts';

const IMAGE = {
  Id: 'sha256:ab',
  RepoTags: ['a:1', 'b:2'],
  Size: 12,
  Config: { Env: ['A=1'], Labels: { b: '2', a: '1' }, User: null },
};

const RENDERED: readonly (readonly [format: string, text: string])[] = [
  ['{{.Id}}', 'sha256:ab'],
  ['{{ .Id }} is {{.Size}}', 'sha256:ab is 12'],
  ['plain', 'plain'],
  ['{{.Config.Env}}', '[A=1]'],
  ['{{.Config.Labels}}', 'map[a:1 b:2]'],
  ['{{.Config.User}}', '<no value>'],
  ['{{json .Config.Env}}', '["A=1"]'],
  ['{{.Config.Env | json}}', '["A=1"]'],
  ['json', JSON.stringify(IMAGE)],
  ['{{json .}}', JSON.stringify(IMAGE)],
  ['{{join .RepoTags ", "}}', 'a:1, b:2'],
  ['{{upper .Id | lower}}', 'sha256:ab'],
  ['{{title "hello world"}}', 'Hello World'],
  ['{{len .RepoTags}}', '2'],
  ['{{index .RepoTags 1}}', 'b:2'],
  ['{{index .Config.Labels "b"}}', '2'],
  ['{{println .Id .Size}}', 'sha256:ab 12\n'],
  ['{{.Id}}\\t{{.Size}}', 'sha256:ab\t12'],
];

for (const [format, text] of RENDERED) {
  test(`${format} gives ${JSON.stringify(text)}`, () => {
    assert.equal(parseTemplate(format).render(IMAGE), text);
  });
}

test('a table format knows its fields', () => {
  const template = parseTemplate('table {{.Id}}\\t{{upper .Size}}');
  assert.equal(template.isTable, true);
  assert.deepEqual(template.fields, ['Id', 'Size']);
  assert.equal(template.render(IMAGE), 'sha256:ab\t12');
});

for (const format of [
  '{{.Id',
  '{{}}',
  '{{.Id |}}',
  '{{range .RepoTags}}',
  '{{nosuch .}}',
  '{{.Nosuch}}',
  '{{.Id.Deeper}}',
  '{{len 5}}',
  '{{$x}}',
]) {
  test(`refused: ${format}`, () => {
    assert.throws(
      () => parseTemplate(format).render(IMAGE),
      (error) =>
        isSlipwayError(error, 'USAGE') && error.message.startsWith('template parsing error: '),
    );
  });
}
