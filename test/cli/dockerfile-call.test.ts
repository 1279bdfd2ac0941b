/** The grammar of `--call`, and what its answers are made of. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { answerCall, type CallRequest, parseCall } from '#cli/dockerfile-call.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const good = [
  ['build', { method: 'build', format: 'text' }],
  ['check', { method: 'check', format: 'text' }],
  ['lint', { method: 'check', format: 'text' }],
  ['outline,format=json', { method: 'outline', format: 'json' }],
  ['targets,format=text', { method: 'targets', format: 'text' }],
] as const;

for (const [text, expected] of good) {
  test(`${text} is understood`, () => assert.deepEqual(parseCall(text), expected));
}

for (const text of ['', 'dance', 'check,format=xml', 'check,json']) {
  test(`"${text}" is refused`, () => assert.throws(() => parseCall(text), { code: 'USAGE' }));
}

test('a Dockerfile with errors has no outline', async () => {
  using folder = tempFolder();
  writeFileSync(folder.at('Dockerfile'), 'FORM scratch\n');
  const request = { call: parseCall('outline'), context: folder.path, buildArgs: {} };
  await assert.rejects(answer(request), { code: 'DOCKERFILE_INVALID' });
});

test('a check tells the warnings of a file with errors, and then the errors', async () => {
  using folder = tempFolder();
  writeFileSync(folder.at('Dockerfile'), 'FROM scratch as x\nCPOY a /\nCOPY --from=9 a /\n');
  const request = { context: folder.path, buildArgs: {} };
  const { text, failure } = await answer({ ...request, call: parseCall('check') });
  assert.match(text, /^Check complete, 1 warning has been found!\n\nWARNING: FromAsCasing - /);
  assert.doesNotMatch(text, /CPOY.*\^|unknown instruction/);
  assert.deepEqual(failure?.split('\n'), [
    'dockerfile parse error on line 2: unknown instruction: CPOY (did you mean COPY?)',
    'Dockerfile:2',
    '--------------------',
    '   1 |     FROM scratch as x',
    '   2 | >>> CPOY a /',
    '     |     ^^^^',
    '   3 |     COPY --from=9 a /',
    '   4 |',
    '--------------------',
    'cause: CPOY is not a Dockerfile instruction.',
    'fix: Write COPY.',
    '',
    'ERROR: invalid stage index 9',
    'Dockerfile:3',
    '--------------------',
    '   1 |     FROM scratch as x',
    '   2 |     CPOY a /',
    '   3 | >>> COPY --from=9 a /',
    '     |                 ^',
    '   4 |',
    '--------------------',
    'fix: stages are numbered from 0; name an earlier one',
    '',
  ]);
  const { text: json } = await answer({ ...request, call: parseCall('check,format=json') });
  const { warnings, buildError } = JSON.parse(json);
  assert.equal(warnings.length, 1);
  assert.deepEqual(buildError, {
    message: 'dockerfile parse error on line 2: unknown instruction: CPOY (did you mean COPY?)',
    location: { ranges: [{ start: { line: 2 }, end: { line: 2 } }] },
  });
});

test('a check of a file with errors alone says nothing of warnings', async () => {
  using folder = tempFolder();
  writeFileSync(folder.at('Dockerfile'), 'FROM scratch\nCOPY --from=9 a /\n');
  const request = { call: parseCall('check'), context: folder.path, buildArgs: {} };
  const { text, failure } = await answer(request);
  assert.equal(text, '');
  assert.match(failure ?? '', /^invalid stage index 9\n/);
});

/** Nothing on standard input. */
function answer(request: Omit<CallRequest, 'stdin' | 'signal'>, input = '') {
  const stdin = Readable.from([Buffer.from(input)]);
  const { signal } = new AbortController();
  return answerCall({ ...request, stdin, signal });
}

test('`-` is the Dockerfile on standard input', async () => {
  const call = parseCall('targets');
  const { text } = await answer({ call, context: '-', buildArgs: {} }, 'FROM scratch AS here\n');
  assert.match(text, /here/);
});

test('a URL is not looked into without a build', async () => {
  const request = { call: parseCall('check'), context: 'https://h/x.git', buildArgs: {} };
  await assert.rejects(answer(request), { code: 'USAGE' });
});
