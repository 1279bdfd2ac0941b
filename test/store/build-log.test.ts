/** The log of a build on disk: whole, soon there, and no reason to fail. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BuildLogFile, logLines } from '#store/build-log.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const never = (): never => assert.fail('the disk takes everything here');

async function linesOf(path: string): Promise<readonly string[]> {
  return await Array.fromAsync(logLines(path));
}

test('lines come back as they were, long ones and those with other separators, too', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'builds', 'x.log');
  const lines = ['one', `${'ü'.repeat(200_000)}`, 'with\u2028separator\r', ''];
  {
    using log = new BuildLogFile(path, never);
    assert.ok(!existsSync(path), 'no file before the first line');
    for (const line of lines) log.add(line);
    log.flush();
    assert.equal(log.bytes, statSync(path).size);
  }
  assert.deepEqual(await linesOf(path), lines);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a last line that was cut short is given, too; no file has no lines', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'x.log');
  assert.deepEqual(await linesOf(path), []);
  {
    using log = new BuildLogFile(path, never);
    log.add('whole');
  }
  appendFileSync(path, '{"kind"');
  assert.deepEqual(await linesOf(path), ['whole', '{"kind"']);
});

test('what is gathered gets to the disk by itself', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'x.log');
  using log = new BuildLogFile(path, never);
  log.add('soon');
  const guard = setTimeout(never, 120_000);
  while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 5));
  clearTimeout(guard);
  assert.equal(readFileSync(path, 'utf8'), 'soon\n');
});

test('a disk that takes no more is told once', () => {
  using folder = tempFolder();
  const path = join(folder.path, 'x.log');
  mkdirSync(path);
  const failures: unknown[] = [];
  using log = new BuildLogFile(path, (error) => failures.push(error));
  for (const line of ['a', 'b']) {
    log.add(line);
    log.flush();
  }
  assert.equal(failures.length, 1);
});
