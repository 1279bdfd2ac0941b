/** A remembered parse is the parse itself, for every Dockerfile we have. */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseFile } from '#build/parse-dockerfile.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { parsedFolder } from '#store/parsed-files.ts';
import { hasSuites, readSuiteText, suitePath } from '#test/helpers/suites.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import { goldenCases, readGolden } from '../../bin/golden.ts';

async function assertRemembered(name: string, text: string): Promise<void> {
  using folder = tempFolder();
  const memory = { root: folder.path, version: 'test' };
  const file = { name, text };
  const parsed = parseDockerfile(file);
  assert.deepStrictEqual(await parseFile(file, memory), parsed, name);
  assert.equal(readdirSync(parsedFolder(folder.path)).length, 1, name);
  assert.deepStrictEqual(await parseFile(file, memory), parsed, `${name}, remembered`);
}

test('our own cases', async () => {
  for (const name of goldenCases()) await assertRemembered(name, readGolden(name, 'Dockerfile'));
});

test('real Dockerfiles', { skip: hasSuites() ? false : 'the suites are not here' }, async () => {
  const names = readdirSync(suitePath('real-dockerfiles'));
  for (const name of names.filter((one) => !one.endsWith('.json'))) {
    await assertRemembered(name, readSuiteText('real-dockerfiles', name));
  }
});

test('texts that JSON could bend', async () => {
  for (const text of ['', '\uFEFFFROM a\n', 'FROM a\nRUN \ud800\u2028\0\n', 'FROM a\r\nENV a=\n']) {
    await assertRemembered('Dockerfile', text);
  }
});

test('what is remembered is read, under the name that is asked for now', async () => {
  using folder = tempFolder();
  const memory = { root: folder.path, version: 'test' };
  const text = 'FROM scratch\n';
  await parseFile({ name: 'one', text }, memory);
  const [file = ''] = readdirSync(parsedFolder(folder.path));
  const marked = { directives: { escape: '\\' }, instructions: [], triggers: [], diagnostics: [] };
  writeFileSync(
    folder.at('parsed/v1', file),
    JSON.stringify({ text, version: 'test', parsed: marked }),
  );
  const two = { name: 'two', text };
  assert.deepEqual(await parseFile(two, memory), { file: two, ...marked });
});

test('run from the sources, whose parser has no version, nothing is remembered', async () => {
  using folder = tempFolder();
  await parseFile({ name: 'Dockerfile', text: 'FROM scratch\n' }, { root: folder.path });
  assert.deepEqual(readdirSync(folder.path), []);
});
