/** build --explain: for each step that was run, the nearest earlier one and what differs first. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type FaultSite, fault } from '#test/helpers/fault-site.ts';

const STEPS = `ARG MODE=fast
COPY package.json package-lock.json src /app/
RUN cat /app/package-lock.json >/installed
RUN echo $MODE
`;
const FILES = { 'package.json': '{}', 'package-lock.json': 'one', 'src/a': 'a', 'src/b': 'b' };

/** The reasons, in the order of the log, without the number of the step. */
async function reasons(
  site: FaultSite,
  context: string,
  ...flags: readonly string[]
): Promise<readonly string[]> {
  const argv = ['build', '--progress', 'plain', '--explain', ...flags, context];
  const { exitCode, stderr } = await site.run(argv);
  assert.equal(exitCode, 0, stderr);
  const steps = [...stderr.matchAll(/^step (\d+) missed: (.*)\n {2}(.*)$/gm)];
  for (const [, number = '', , name = ''] of steps) {
    assert.ok(stderr.includes(`#${number} ${name}\n`), 'the number and name are those of the log');
  }
  return steps.map(([, , reason = '']) => reason);
}

fault('files, modes, arguments, commands, and what follows from them', async (site) => {
  const context = site.context(STEPS, FILES);
  const first = await reasons(site, context);
  assert.deepEqual(first, Array(5).fill('no record of such a step'));
  assert.deepEqual(await reasons(site, context), []);
  const nothing = await site.run(['build', '--progress', 'plain', '--explain', context]);
  assert.match(nothing.stderr, /^no step missed the cache$/m);

  writeFileSync(join(context, 'package-lock.json'), 'two');
  const [lock, ...after] = await reasons(site, context);
  assert.equal(lock, 'package-lock.json changed (content)');
  assert.match(after[0] ?? '', /^it is built on step \d+, which gave other files$/);

  chmodSync(join(context, 'src/a'), 0o755);
  writeFileSync(join(context, 'src/c'), 'c');
  assert.equal((await reasons(site, context))[0], 'src/a changed (mode 755, was 644), and 1 more');

  assert.deepEqual(await reasons(site, context, '--build-arg', 'MODE=slow'), [
    'the variable MODE changed',
    'the variable MODE changed',
  ]);
  const dockerfile = join(context, 'Dockerfile');
  writeFileSync(dockerfile, readFileSync(dockerfile, 'utf8').replace('cat /app', 'head /app'));
  assert.match(
    (await reasons(site, context))[0] ?? '',
    /^the command changed: .*head.*, was .*cat/,
  );
});

fault('--no-cache and records without facts are told as such', async (site) => {
  const context = site.context('COPY file /file\n', { file: '1' });
  await reasons(site, context);
  const forced = await reasons(site, context, '--no-cache');
  assert.deepEqual(forced, Array(3).fill('it was not to be taken from the cache (--no-cache)'));
  const database = new DatabaseSync(join(site.store, 'metadata.db'));
  database.exec('DELETE FROM step_facts');
  database.close();
  writeFileSync(join(context, 'file'), '2');
  assert.deepEqual(await reasons(site, context), [
    'the earlier record does not say what it was made of: it came with a cache, or from an older version',
  ]);
  writeFileSync(join(context, 'file'), '3');
  assert.deepEqual(await reasons(site, context), ['file changed (content)']);
});

fault('a build that fails tells what missed until then', async (site) => {
  const told = await site.bad(1, [
    'build',
    '--progress',
    'plain',
    '--explain',
    site.context('RUN exit 3\n'),
  ]);
  assert.match(told, /^step \d+ missed: no record of such a step\n {2}\[3\/3\] RUN exit 3$/m);
});
