/** `history inspect` for people and templates. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildStruct, buildText } from '#cli/build-text.ts';
import { goJson } from '#cli/template/values.ts';
import { digestOf } from '#core/digest.ts';
import { buildSummary } from '#test/helpers/build-summary.ts';
import { NOW_MS } from '#test/helpers/run-command.ts';

const image = digestOf('image');
const failed = buildSummary({
  status: 'error',
  dockerfile: { path: '/src/Dockerfile', digest: digestOf('text') },
  target: 'test',
  buildArgs: ['A', 'B'],
  endedAtMs: NOW_MS - 58_500,
  steps: { total: 3, completed: 2, cached: 1 },
  error: 'it broke',
  failedImage: image,
  warnings: ['JSONArgsRecommended: use JSON (line 3)'],
  stepList: [
    { number: 1, name: '[1/2] COPY a b', state: 'cached', durationMs: 0 },
    {
      number: 2,
      name: '[2/2] RUN make',
      state: 'error',
      durationMs: 1234,
      missed: 'a changed (content)',
    },
    { number: 3, name: 'late', state: 'unfinished' },
  ],
});

test('a build that failed, whole', () => {
  assert.equal(
    buildText(failed, NOW_MS),
    `Ref:            abc
Name:           app
Context:        .
Dockerfile:     /src/Dockerfile
Digest:         ${digestOf('text')}
Target:         test
Platforms:      linux/amd64
Build args:     A, B

Status:         Error
Started:        2026-11-21 11:59:00 +0000 UTC
Duration:       1.5s
Build Steps:    2/3 (33% cached)
Log:            /store/builds/abc.log

Outputs:        type=image

Steps:
  #1   cached        0.0s  [1/2] COPY a b
  #2   error         1.2s  [2/2] RUN make
       missed: a changed (content)
  #3   unfinished          late

Warnings:
  JSONArgsRecommended: use JSON (line 3)

Error:
  it broke

Root of the failed step:
  image ${image.slice(7, 19)}: slipway run --rm -it ${image.slice(7, 19)} sh
`,
  );
});

test('a build that came to its end names what it made', () => {
  const result = { imageId: image, manifest: digestOf('m'), names: ['app:1', 'app:2'] };
  const text = buildText(buildSummary({ result }), NOW_MS);
  assert.match(text, new RegExp(`^Image: {10}${image}\nManifest: {7}${digestOf('m')}\n`, 'm'));
  assert.match(text, /^Names: {10}app:1, app:2\n$/m);
});

test('for programs: every field, also those without a value', () => {
  const fields = JSON.parse(goJson(buildStruct(failed)));
  assert.deepEqual(fields.Steps[1], {
    Number: 2,
    Name: '[2/2] RUN make',
    State: 'error',
    DurationMs: 1234,
    Missed: 'a changed (content)',
  });
  assert.deepEqual(
    [fields.Status, fields.ImageID, fields.FailedImage, fields.DurationMs],
    ['error', '', image, 1500],
  );
});
