/** Warnings and errors for CI systems: what is marked, where, and when nothing is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Annotations, ciSystem } from '#cli/annotations.ts';
import type { Diagnostic } from '#core/diagnostic.ts';
import { SlipwayError } from '#core/errors.ts';

const file = { name: 'Dockerfile', text: 'FROM a\nrun x\nRUN y\n' };
const warning: Diagnostic = {
  code: 'Casing',
  severity: 'warning',
  message: 'casing',
  range: { start: 7, end: 12 },
};

const SYSTEMS: readonly (readonly [
  wanted: string | undefined,
  names: readonly string[],
  is: unknown,
])[] = [
  [undefined, [], undefined],
  ['auto', ['GITHUB_ACTIONS'], 'github'],
  [undefined, ['GITLAB_CI'], 'gitlab'],
  ['none', ['GITHUB_ACTIONS'], undefined],
  ['gitlab', ['GITHUB_ACTIONS'], 'gitlab'],
  ['github', [], 'github'],
];

for (const [wanted, names, is] of SYSTEMS) {
  test(`${wanted} with ${names.join() || 'nothing'} set: ${is}`, () => {
    assert.equal(
      ciSystem(wanted, (name) => (names.includes(name) ? 'true' : undefined)),
      is,
    );
  });
}

function annotations(dockerfile = 'sub/Dockerfile'): Annotations {
  const all = new Annotations(dockerfile);
  all.sink({ kind: 'diagnostic', diagnostic: warning, file });
  all.sink({ kind: 'note', level: 'warning', text: 'of no line' });
  return all;
}

const MARK =
  '::warning file=sub/Dockerfile,line=2,endLine=2,col=1,endColumn=6,title=Casing::casing\n';

test('a warning, and an error with its fix and the end of what the step said', () => {
  const log = `${[1, 2, 3, 4, 5, 6].join('\n')}\n`;
  const detail = { source: file, range: { start: 13, end: 18 }, log };
  const error = new SlipwayError('RUN_FAILED', '50% failed', { hint: 'try again', detail });
  assert.equal(annotations().github(), MARK);
  assert.equal(
    annotations().github(error),
    `${MARK}::error file=sub/Dockerfile,line=3,endLine=3,col=1,endColumn=6,title=RUN_FAILED::50%25 failed%0Atry again%0A2%0A3%0A4%0A5%0A6\n`,
  );
  const issues = JSON.parse(annotations().gitlab(error));
  assert.deepEqual(
    issues.map((one: { severity: string }) => one.severity),
    ['minor', 'major'],
  );
});

test('an error that is in no file has no place; several of a file have one each', () => {
  const nowhere = new SlipwayError('DISK_FULL', 'no space');
  assert.equal(annotations().github(nowhere), `${MARK}::error::no space\n`);
  const wrong: Diagnostic = { ...warning, code: 'Wrong', severity: 'error', message: 'no' };
  const diagnostics = [wrong, { ...wrong, range: { start: 13, end: 14 } }];
  const detail = { source: file, range: wrong.range, diagnostics };
  const error = new SlipwayError('DOCKERFILE_INVALID', 'no', { detail });
  assert.equal(
    annotations()
      .github(error)
      .match(/^::error file=.*title=Wrong::no$/gm)?.length,
    2,
  );
});

test('a file that is not of the repository is left out', () => {
  assert.equal(annotations('sub/Other').github(), '');
  assert.equal(new Annotations(undefined).gitlab(), '[]\n');
});
