/**
 * Templates of `--format`. test/cli/template/go-results.json has what Go's text/template (1.26, with
 * docker's functions added) printed for DATA, text or error; ours prints the same.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { NIL_LIST, NIL_MAP } from '#cli/template/values.ts';
import { parseTemplate } from '#cli/template.ts';
import { isSlipwayError } from '#core/errors.ts';

const DATA = {
  Id: 'sha256:ab',
  RepoTags: ['a:1', 'b:2'],
  Size: 12,
  Config: {
    Env: ['A=1', 'B=<2>'],
    Labels: new Map([
      ['b', '2'],
      ['a', '1'],
    ]),
    ExposedPorts: new Map([['80/tcp', {}]]),
    User: '',
    Volumes: NIL_MAP,
    Healthcheck: null,
  },
  Shared: false,
  Empty: NIL_LIST,
  Words: 'hello big world',
};

interface GoResult {
  readonly template: string;
  readonly text?: string;
  readonly error?: string;
}

const results: readonly GoResult[] = JSON.parse(
  readFileSync(new URL('./template/go-results.json', import.meta.url), 'utf8'),
);

function rendered(template: string, subject = 'main.img'): string {
  return parseTemplate(template, { subject }).render(DATA);
}

function problemOf(
  template: string,
  subject?: string,
): { message: string; hint?: string | undefined } {
  try {
    parseTemplate(template, subject === undefined ? {} : { subject }).render(DATA);
  } catch (error) {
    if (!isSlipwayError(error, 'TEMPLATE_INVALID')) throw error;
    return error;
  }
  throw new Error(`nothing wrong with ${template}`);
}

test('there are results to compare with', () => {
  assert.ok(results.length > 150);
});

for (const { template, text, error } of results) {
  test(`as Go: ${template}`, () => {
    if (error === undefined) assert.equal(rendered(template), text);
    else assert.equal(problemOf(template, 'main.img').message, `template parsing error: ${error}`);
  });
}

const OTHERWISE: readonly (readonly [template: string, message: string])[] = [
  // Go names its types here; ours have other names.
  [
    '{{.Size.Deeper}}',
    ':1:7: executing "" at <.Size.Deeper>: can\'t evaluate field Deeper in type int',
  ],
  [
    '{{lower .Size}}',
    ':1:8: executing "" at <.Size>: wrong type for value; expected string; got int',
  ],
  [
    '{{index .RepoTags 2}}',
    ':1:2: executing "" at <index .RepoTags 2>: error calling index: index out of range: 2',
  ],
  ['{{len nil}}', ':1:2: executing "" at <len nil>: error calling len: len of nil pointer'],
  ['{{len .}}', ':1:2: executing "" at <len .>: error calling len: len of type struct'],
  // Without a subject the data are a map, as docker's inspect says it.
  ['{{.Nmae}}', ':1:2: executing "" at <.Nmae>: map has no entry for key "Nmae"'],
  ['{{.Config.Nope}}', ':1:9: executing "" at <.Config.Nope>: map has no entry for key "Nope"'],
];

for (const [template, message] of OTHERWISE) {
  test(`in words of our own: ${template}`, () => {
    assert.equal(problemOf(template).message, `template parsing error: template: ${message}`);
  });
}

test('json alone is the document', () => {
  assert.equal(
    parseTemplate('json').render({ a: '<', b: undefined, c: null }),
    '{"a":"<","c":null}',
  );
});

test('a mistyped name is guessed, else the names are listed', () => {
  assert.equal(problemOf('{{.RepoTag}}').hint, 'did you mean .RepoTags?');
  assert.equal(problemOf('{{.id}}').hint, 'did you mean .Id?');
  assert.equal(problemOf('{{.Config.Evn}}').hint, 'did you mean .Env?');
  assert.equal(
    problemOf('{{.Entirely}}').hint,
    'the fields here are .Id, .RepoTags, .Size, .Config, .Shared, .Empty, .Words',
  );
  assert.equal(problemOf('{{jsno .}}').hint, 'did you mean json?');
  assert.match(problemOf('{{entirely .}}').hint ?? '', /^the functions are and, or, not, /);
});

test('headings: functions leave them as they are', () => {
  const headings = new Map([
    ['ID', 'IMAGE ID'],
    ['Tags', 'TAGS'],
  ]);
  const template = parseTemplate(
    '{{json .ID}}\t{{join .Tags ","}} {{truncate (upper .ID) 3}}{{if .ID}}!{{end}}',
  );
  assert.equal(template.renderHeadings(headings), 'IMAGE ID\tTAGS IMAGE ID!');
});

test('nothing runs or nests without end', () => {
  const deep = (open: string, close: string): string => `${open.repeat(3000)}${close.repeat(3000)}`;
  for (const [template, message] of [
    ['{{range 100000}}{{range 100000}}{{end}}{{end}}', /more than 1000000 steps$/],
    [
      '{{$x := pad "x" 1000000 0}}{{range 100}}{{$x}}{{end}}',
      /more than 67108864 characters of output$/,
    ],
    [
      '{{$x := "x"}}{{range 1000}}{{$x = pad $x 100000 0}}{{end}}',
      /more than 67108864 characters made by functions$/,
    ],
    [
      `{{$x := pad "x" 999999 0}}${'{{$x = printf "%s%s" $x $x}}'.repeat(12)}`,
      /error calling printf: more than 16777216 characters$/,
    ],
    [
      `{{$x := pad "x" 999999 0}}{{print${' $x'.repeat(30)}}}`,
      /error calling print: more than 16777216 characters$/,
    ],
    [
      '{{join (split (pad "x" 999 0) "") (pad "x" 99999 0)}}',
      /error calling join: more than 16777216 characters$/,
    ],
    [
      `{{printf "${'%1000000d'.repeat(17)}"${' 1'.repeat(17)}}}`,
      /error calling printf: more than 16777216 characters$/,
    ],
    [
      `{{define "r"}}${'{{if 1}}'.repeat(400)}{{template "r"}}${'{{end}}'.repeat(400)}{{end}}{{template "r"}}`,
      /more than 1000 bodies within bodies$/,
    ],
    ['{{pad "x" 1000000000 0}}', /error calling pad: padding of more than 1000000 spaces$/],
    [
      '{{define "r"}}{{template "r" .}}{{end}}{{template "r" .}}',
      /exceeded maximum template depth \(200\)$/,
    ],
    [deep('{{if 1}}', '{{end}}'), /max expression depth exceeded$/],
    [`{{${deep('(', ')')}}}`, /max expression depth exceeded$/],
  ] as const) {
    assert.match(problemOf(template).message, message);
  }
  assert.equal(rendered('{{printf "%1000000000d" 1}}'), '%!(BADWIDTH)1');
});

test('long templates are read in one go', () => {
  const spaces = ' '.repeat(200_000);
  assert.equal(rendered(`${spaces}x${spaces}{{- 1}}`), `${spaces}x1`);
  assert.equal(rendered(`x${spaces}x{{- 1}}`), `x${spaces}x1`);
  assert.match(problemOf(`{{1 ${spaces}x`).message, /function "x" not defined$/);
});

test('numbers that are no characters print as the replacement character, as Go does it', () => {
  const numbers = '1114112 -1 55296 128512';
  assert.equal(rendered(`{{printf "%c%c%c%c" ${numbers}}}`), '\ufffd\ufffd\ufffd\u{1f600}');
  assert.equal(rendered('{{printf "%q" -1}}'), "'\ufffd'");
  assert.equal(
    rendered('{{printf "%.1s|%3s|" "\u{1f600}x" "\u{1f600}"}}'),
    '\u{1f600}|  \u{1f600}|',
  );
});

test('any text is a template or is refused, and never anything else', () => {
  const pieces = fc.constantFrom(
    ...[
      '{{',
      '}}',
      '{{- ',
      ' -}}',
      '.Id',
      '.',
      '$',
      '$x',
      ':=',
      '=',
      '|',
      '(',
      ')',
      ',',
      '"a"',
      '`b`',
    ],
    ...[
      "'c'",
      '1',
      '-2.5',
      'nil',
      'true',
      'if',
      'else',
      'end',
      'range',
      'with',
      'define',
      'template',
    ],
    ...[
      'block',
      'break',
      'json',
      'index',
      'eq',
      'and',
      'printf',
      ' ',
      '\n',
      '/*',
      '*/',
      '"',
      'é',
      '@',
    ],
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 25 }), (parts) => {
      try {
        rendered(parts.join(''));
      } catch (error) {
        assert.ok(isSlipwayError(error, 'TEMPLATE_INVALID'), String(error));
        assert.match(error.message, /^template parsing error: template: :\d+/);
      }
    }),
    { numRuns: 3000 },
  );
});

test('a string printed with %q, and a value as JSON, can be read back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.array(fc.string()), (text, list) => {
      assert.equal(JSON.parse(parseTemplate('{{json .}}').render({ text, list })).text, text);
      assert.deepEqual(JSON.parse(parseTemplate('{{json .list}}').render({ list })), list);
      assert.equal(parseTemplate('{{range .}}{{.}}{{end}}').render(list), list.join(''));
    }),
  );
});
