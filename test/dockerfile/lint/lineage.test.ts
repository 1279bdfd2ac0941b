/** What stages are built upon, and where they are mentioned. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineageOf, mentionsOf } from '#dockerfile/lint/lineage.ts';
import { subjectOf } from '#test/helpers/lint-rule.ts';

test('a stage has the kinds of those it is built upon, the nearest name above wins', () => {
  const { stages } = subjectOf(
    [
      ...['FROM a AS b', 'USER x', 'FROM b AS B', 'WORKDIR /y', 'FROM B AS c', 'RUN z'],
      ...['FROM later', 'FROM a AS later'],
    ].join('\n'),
  );
  const lineages = stages.stages.map((stage) => lineageOf(stage, stages));
  assert.deepEqual(
    lineages.map(({ parent }) => parent?.index),
    [undefined, 0, 1, undefined, undefined],
  );
  assert.deepEqual([...(lineages[2]?.kinds ?? [])].sort(), ['run', 'user', 'workdir']);
});

test('mentions are the name alone, in the order of the file', () => {
  const text = [
    'FROM Build AS build',
    'FROM BUILD',
    'COPY --from=Build a b',
    'RUN --mount=type=bind,from=build,target=/x --mount=type=cache,target=/build y',
  ].join('\n');
  const { stages } = subjectOf(text);
  const { definitions, places } = mentionsOf('build', stages);
  assert.equal(definitions, 1);
  assert.deepEqual(
    places.map(({ range }) => text.slice(range.start, range.end)),
    ['Build', 'build', 'BUILD', 'Build', 'build'],
  );
  assert.deepEqual(mentionsOf('nobody', stages), { definitions: 0, places: [] });
});
