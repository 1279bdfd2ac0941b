/** Checks without a build: what is read, and what a file that cannot be parsed gives. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkDockerfile, checkValid, readInput } from '#engine/check-dockerfile.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

async function names(text: string): Promise<readonly string[]> {
  const { reported } = await checkDockerfile({ file: { name: 'Dockerfile', text } });
  return reported.map(({ rule }) => rule.name);
}

test('parse errors and findings come by place', async () => {
  assert.deepEqual(await names('FROM scratch AS Base\nCOYP a b\nMAINTAINER me\n'), [
    'StageNameCasing',
    'UnknownInstruction',
    'MaintainerDeprecated',
  ]);
});

test('checkValid refuses what cannot be built', async () => {
  const file = { name: 'Dockerfile', text: 'FORM scratch\n' };
  await assert.rejects(checkValid({ file }, {}), { code: 'DOCKERFILE_INVALID' });
});

test('the ignore file of the context makes ignored sources findings', async () => {
  using folder = tempFolder();
  writeFileSync(folder.at('Dockerfile'), 'FROM scratch\nCOPY secret /\n');
  writeFileSync(folder.at('.dockerignore'), 'secret\n');
  const input = await readInput({ context: folder.path });
  assert.equal(input.file.name, 'Dockerfile');
  assert.deepEqual(
    (await checkDockerfile(input)).reported.map(({ rule }) => rule.name),
    ['CopyIgnoredFile'],
  );
});

test('a Dockerfile that is not there is said in docker’s words', async () => {
  using folder = tempFolder();
  await assert.rejects(readInput({ context: folder.path }), {
    code: 'DOCKERFILE_MISSING',
    message: 'failed to read dockerfile: open Dockerfile: no such file or directory',
  });
});
