/** Cutting a Dockerfile into stages, and finding one by name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { type Stages, splitStages, stageNamed } from '#dockerfile/stages.ts';

function stagesOf(text: string): Stages {
  return splitStages(parseDockerfile({ name: 'Dockerfile', text }));
}

test('stages have index, name, base and instructions; ARGs before them are global', () => {
  const { globalArgs, stages } = stagesOf(
    'ARG V=1\nFROM --platform=p a:$V AS Build\nRUN x\nFROM build\nARG V\nRUN y\n',
  );
  assert.deepEqual(
    globalArgs.map(({ source }) => source),
    ['ARG V=1'],
  );
  assert.deepEqual(
    stages.map(({ index, name, base, platform, instructions }) => ({
      index,
      name,
      base: base.text,
      platform: platform?.text,
      instructions: instructions.map(({ source }) => source),
    })),
    [
      { index: 0, name: 'build', base: 'a:$V', platform: 'p', instructions: ['RUN x'] },
      {
        index: 1,
        name: undefined,
        base: 'build',
        platform: undefined,
        instructions: ['ARG V', 'RUN y'],
      },
    ],
  );
});

test('a misplaced instruction before FROM belongs to no stage', () => {
  assert.deepEqual(
    stagesOf('RUN x\nFROM a').stages.map(({ instructions }) => instructions),
    [[]],
  );
});

test('a stage is found by name whatever its case, the last of a repeated name first', () => {
  const { stages } = stagesOf('FROM x AS a\nFROM y AS b\nFROM z AS A\n');
  assert.equal(stageNamed(stages, 'B')?.index, 1);
  assert.equal(stageNamed(stages, 'a')?.index, 2);
  assert.equal(stageNamed(stages, 'a', 2)?.index, 0);
  assert.equal(stageNamed(stages, 'b', 1), undefined);
});
