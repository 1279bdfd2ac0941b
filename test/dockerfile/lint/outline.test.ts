/** What may be passed to the build of a target, as `--call=outline` shows it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatOutline, outlineDocument, outlineOf } from '#dockerfile/lint/outline.ts';
import type { SubjectOptions } from '#dockerfile/lint/subject.ts';
import { checkSubject } from '#test/helpers/build-check.ts';

const TEXT = `ARG PART=1
# VERSION is the release
ARG VERSION=\${PART}.2 UNUSED=1
FROM a:$VERSION AS build
ARG FLAGS TARGETARCH
RUN --mount=type=secret,id=token,required --mount=type=ssh x
FROM b AS other
ARG OTHER=1
# app is shipped
FROM scratch AS app
ARG PART
ARG MODE=fast
COPY --from=build x y
RUN --mount=type=ssh,id=git,required=true --mount=type=secret,target=/run/key y
`;

const outlined = (target?: string, options?: SubjectOptions) =>
  outlineOf(checkSubject(TEXT, options), target);

test('the arguments, secrets and agents of the target and of what it needs', () => {
  assert.equal(
    formatOutline(outlined()),
    `TARGET:      app
DESCRIPTION: is shipped

BUILD ARG   VALUE   DESCRIPTION
PART        1${'       '}
VERSION     1.2     is the release
FLAGS${'               '}
MODE        fast${'    '}

SECRET   REQUIRED
token    true
key${'      '}

SSH       REQUIRED
default${'   '}
git       true

`,
  );
});

test('of another target, by name whatever its case', () => {
  assert.equal(
    formatOutline(outlined('Other')),
    'TARGET: other\n\nBUILD ARG   VALUE   DESCRIPTION\nOTHER       1       \n\n',
  );
});

test('what the user passes is the value', () => {
  const { args } = outlined('other', { buildArgs: new Map([['OTHER', '2']]) });
  assert.deepEqual(
    args.map(({ name, value }) => [name, value]),
    [['OTHER', '2']],
  );
});

test("the document is docker's", () => {
  const at = (line: number) => ({ location: { ranges: [{ start: { line }, end: { line } }] } });
  assert.deepEqual(outlineDocument(outlined('build')), {
    name: 'build',
    args: [
      { name: 'PART', value: '1', ...at(1) },
      { name: 'VERSION', description: 'is the release', value: '1.2', ...at(3) },
      { name: 'FLAGS', ...at(5) },
    ],
    secrets: [{ name: 'token', required: true, ...at(6) }],
    ssh: [{ name: 'default', ...at(6) }],
    sources: [Buffer.from(TEXT).toString('base64')],
  });
});

test('a stage that copies from itself or from a later one ends', () => {
  const subject = checkSubject('FROM a AS x\nCOPY --from=y a b\nFROM x AS y\nCOPY --from=0 a b');
  assert.deepEqual(outlineOf(subject).args, []);
});

test('a file without stages has an empty outline', () => {
  assert.equal(formatOutline(outlineOf(checkSubject(''))), '');
});

test('an unknown target is refused', () => {
  assert.throws(() => outlined('ap'), {
    code: 'TARGET_UNKNOWN',
    message: 'target stage "ap" could not be found (did you mean app?)',
  });
});
