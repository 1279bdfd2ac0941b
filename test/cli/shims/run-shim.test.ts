/** Running what was translated: one line after the other, and what becomes of a build's result. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { type Host, processHost } from '#cli/host.ts';
import { runPlan } from '#cli/shims/run-shim.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const DIGEST = `sha256:${'d'.repeat(64)}`;

/** Lines that were run; each gets the next exit code. */
function lines(...exitCodes: readonly number[]) {
  const ran: string[] = [];
  const run = async (argv: readonly string[]): Promise<number> => {
    const path = argv.find((word) => word.startsWith('--metadata-file='))?.slice(16);
    if (path !== undefined) {
      writeFileSync(path, JSON.stringify({ 'containerimage.digest': DIGEST }));
    }
    ran.push(argv.map((word) => (word.startsWith('--metadata') ? 'METADATA' : word)).join(' '));
    return exitCodes[ran.length - 1] ?? 0;
  };
  return { ran, run };
}

test('the first failure ends it', async () => {
  const { ran, run } = lines(0, 3);
  const plan = {
    lines: [
      ['tag', 'a', 'b'],
      ['push', 'b'],
      ['rmi', 'b'],
    ],
  };
  assert.equal(await runPlan(plan, processHost(), run), 3);
  assert.deepEqual(ran, ['tag a b', 'push b']);
});

test('digests go to files, the metadata nowhere unless they were wanted', async () => {
  using folder = tempFolder();
  const { ran, run } = lines();
  const path = folder.at('names');
  const results = [{ kind: 'digest-file', path, before: ['a@', 'b@'] }] as const;
  await runPlan({ lines: [['--debug', 'build', '.']], results }, processHost(), run);
  assert.deepEqual(ran, ['--debug build METADATA .']);
  assert.equal(readFileSync(path, 'utf8'), `a@${DIGEST}\nb@${DIGEST}`);
  const wanted = folder.at('metadata');
  await runPlan(
    { lines: [['build', `--metadata-file=${wanted}`, '.']], results },
    processHost(),
    run,
  );
  assert.ok(existsSync(wanted));
});

test('a build that fails has no result', async () => {
  using folder = tempFolder();
  const results = [{ kind: 'digest-file', path: folder.at('digest'), before: [''] }] as const;
  assert.equal(await runPlan({ lines: [['build', '.']], results }, processHost(), lines(1).run), 1);
  assert.ok(!existsSync(folder.at('digest')));
});

test('a file in place of stdin, settings in place of the environment’s', async () => {
  using folder = tempFolder();
  writeFileSync(folder.at('in'), 'content');
  const over = { credentialsFile: folder.at('auth.json'), runtime: 'crun' };
  let seen: Host | undefined;
  const run = async (_: readonly string[], host: Host): Promise<number> => {
    seen = host;
    return 0;
  };
  await runPlan({ lines: [['build', '-']], input: folder.at('in'), over }, processHost(), run);
  assert.ok(seen);
  assert.equal(await text(seen.stdin), 'content');
  const settings = seen.settings({});
  assert.equal(settings.engine.runtime?.name, 'crun');
  assert.equal(settings.engine.credentialsFile, folder.at('auth.json'));
});
