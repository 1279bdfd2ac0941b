/**
 * Our own Dockerfiles, the whole language and the typical mistakes: what we understand of each and
 * what we say about it is as committed beside it. After a wanted change `npm run golden` rewrites
 * the files; their diff is the review of our messages.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instruction } from '#dockerfile/ast.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { goldenCases, goldenFiles, readGolden } from '../../bin/golden.ts';

for (const name of goldenCases()) {
  test(`${name} (else: npm run golden)`, () => {
    for (const [file, text] of Object.entries(goldenFiles(name))) {
      assert.equal(readGolden(name, file), text, file);
    }
  });
}

/** A name missing here does not compile, one too many neither. */
const KINDS: Readonly<Record<Instruction['kind'], true>> = {
  from: true,
  arg: true,
  env: true,
  label: true,
  maintainer: true,
  run: true,
  cmd: true,
  entrypoint: true,
  copy: true,
  add: true,
  workdir: true,
  user: true,
  expose: true,
  volume: true,
  onbuild: true,
  stopsignal: true,
  shell: true,
  healthcheck: true,
};

test('the cases hold every instruction', () => {
  const found = new Set(
    goldenCases().flatMap((name) =>
      parseDockerfile({ name, text: readGolden(name, 'Dockerfile') }).instructions.map(
        ({ kind }) => kind,
      ),
    ),
  );
  assert.deepEqual([...found].sort(), Object.keys(KINDS).sort());
});

test('a case is a mistake if its name says so', () => {
  for (const name of goldenCases()) {
    const [refused = ''] = readGolden(name, 'diagnostics.txt').split('== lint');
    assert.equal(/^error[:[]/m.test(refused), name.startsWith('mistake-'), name);
  }
});
