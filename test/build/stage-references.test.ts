/** What `--from` and mounts refer to, and what docker 28 says of wrong ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  readReferences,
  referenceDiagnostics,
  referenceProblems,
  type SourceName,
  sourceNames,
  sourceOf,
} from '#build/stage-references.ts';
import { formatReference } from '#core/reference.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { type Stage, splitStages } from '#dockerfile/stages.ts';

function stagesOf(...lines: string[]): readonly Stage[] {
  return splitStages(parseDockerfile({ name: 'Dockerfile', text: lines.join('\n') })).stages;
}

function copied(text: string): SourceName {
  return { text, range: { start: 0, end: 0 }, by: { kind: 'copy' } };
}

/** The problems of a file as "message @ the text that is marked". */
function problems(...lines: string[]): readonly string[] {
  const text = lines.join('\n');
  return referenceDiagnostics(stagesOf(...lines)).map(
    ({ message, range }) => `${message} @ ${text.slice(range.start, range.end)}`,
  );
}

test('names without regard to case, numbers, images', () => {
  const stages = stagesOf('FROM scratch AS a', 'FROM scratch');
  const stage = { index: 1 };
  assert.deepEqual(sourceOf(copied('A'), stage, stages), { kind: 'stage', index: 0 });
  assert.deepEqual(sourceOf(copied('0'), stage, stages), { kind: 'stage', index: 0 });
  assert.deepEqual(sourceOf(copied('+0'), stage, stages), { kind: 'stage', index: 0 });
  const image = sourceOf(copied('busybox'), stage, stages);
  assert.equal(
    image.kind === 'image' && formatReference(image.reference),
    'docker.io/library/busybox:latest',
  );
  assert.throws(() => sourceOf(copied('2'), stage, stages), { message: 'invalid stage index 2' });
  assert.throws(() => sourceOf(copied('-1'), stage, stages), { message: 'invalid stage index -1' });
  assert.throws(() => sourceOf(copied('1'), stage, stages), {
    message: 'circular dependency detected on stage: stage-1',
  });
  assert.throws(
    () => sourceOf(copied('$x'), stage, stages),
    /variable expansion is not supported for --from/,
  );
});

test('of a mount the number is an image, and the place is within the value', () => {
  const text = 'FROM scratch\nFROM scratch\nRUN --mount=type=bind,from=0,target=/m true\n';
  const stages = stagesOf(...text.split('\n'));
  const [name] = (stages[1]?.instructions ?? []).flatMap(sourceNames);
  assert.ok(name);
  assert.equal(text.slice(name.range.start - 5, name.range.end), 'from=0');
  assert.equal(sourceOf(name, { index: 1 }, stages).kind, 'image');
});

test('the last stage of a repeated name is meant, also where it stands later', () => {
  const lines = ['FROM a AS x', 'FROM b AS mid', 'COPY --from=x /f /f', 'FROM c AS x'];
  assert.deepEqual(problems(...lines), [
    'cannot copy from stage "x", it needs to be defined before current stage "mid" @ x',
  ]);
  assert.deepEqual(problems(...lines.slice(0, 3)), []);
});

test('a later stage cannot be used, in the words for COPY and for mounts', () => {
  assert.deepEqual(
    problems(
      'FROM scratch AS first',
      'COPY --from=Second /a /a',
      'RUN --mount=from=second,target=/m true',
      'FROM scratch AS second',
    ),
    [
      'cannot copy from stage "Second", it needs to be defined before current stage "first" @ Second',
      'cannot mount from stage "second" to "/m", stage needs to be defined before current command @ second',
    ],
  );
});

test('each circle is told where it is closed: two stages, three, itself, through a mount', () => {
  assert.deepEqual(
    problems(
      'FROM scratch AS first',
      'COPY --from=third /a /a',
      'FROM scratch AS second',
      'COPY --from=first /b /b',
      'FROM scratch AS third',
      'RUN --mount=from=second,target=/m true',
      'COPY --from=third /b /b',
    ),
    [
      'circular dependency detected on stage: first @ third',
      'circular dependency detected on stage: third @ third',
    ],
  );
  assert.deepEqual(problems('FROM scratch', 'COPY --from=0 /a /a'), [
    'circular dependency detected on stage: stage-0 @ 0',
  ]);
});

test('a way back through FROM is no circle for docker', () => {
  assert.deepEqual(
    problems(
      'FROM scratch AS first',
      'COPY --from=second /a /a',
      'FROM scratch AS mid',
      'COPY --from=first /b /b',
      'FROM mid AS second',
    ),
    [
      'cannot copy from stage "second", it needs to be defined before current stage "first" @ second',
    ],
  );
});

test('names nobody can read come first; later stages matter only where they are needed', () => {
  const references = readReferences(
    stagesOf(
      'FROM scratch AS a',
      'COPY --from=b /a /a',
      'FROM scratch AS b',
      'COPY --from=b /a /a',
      'COPY --from=9 /a /a',
    ),
  );
  const messages = (isNeeded: (index: number) => boolean) =>
    referenceProblems(references, isNeeded).map(({ error }) => error.message);
  const always = ['invalid stage index 9', 'circular dependency detected on stage: b'];
  assert.deepEqual(
    messages((index) => index === 1),
    always,
  );
  assert.deepEqual(
    messages(() => true),
    [...always, 'cannot copy from stage "b", it needs to be defined before current stage "a"'],
  );
});
