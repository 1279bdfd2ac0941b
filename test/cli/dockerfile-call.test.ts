/** The grammar of `--call`, and what its answers are made of. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { answerCall, parseCall } from '#cli/dockerfile-call.ts';
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

test('a Dockerfile with errors has no answer but them', async () => {
  using folder = tempFolder();
  writeFileSync(folder.at('Dockerfile'), 'FORM scratch\n');
  const request = { call: parseCall('check'), context: folder.path, buildArgs: {} };
  await assert.rejects(answerCall(request), { code: 'DOCKERFILE_INVALID' });
});
