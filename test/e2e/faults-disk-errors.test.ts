/**
 * A disk that answers EIO to the n-th write, sync or renaming of a command, by strace's fault
 * injection: the command fails in words or has done its work, nothing it names is incomplete, and
 * what was there before is whole.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SLIPWAY, slipway } from '#test/helpers/cli-process.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

/** Which call of its kind fails: early ones open the store, later ones write blobs and names. */
const TURNS = [1, 4, 12];
const CALLS = ['pwrite64', 'fsync', 'rename'];

function straceUnfit(): string | undefined {
  const probe = ['-f', '-qq', '-e', 'trace=fsync', '-e', 'inject=fsync:error=EIO', 'true'];
  const { error, status, stderr } = spawnSync('strace', probe, { encoding: 'utf8' });
  if (error) return 'needs strace';
  return status === 0 ? undefined : `strace cannot inject faults here: ${stderr.trim()}`;
}

interface Attempt {
  readonly argv: readonly string[];
  /** What the command leaves named when it succeeds, beside `kept:1`. */
  readonly names: readonly string[];
}

for (const call of CALLS) {
  test(`EIO on ${call}: said in words, and nothing is lost`, async (t) => {
    const unfit = straceUnfit();
    if (unfit !== undefined) {
      t.skip(unfit);
      return;
    }
    using folder = tempFolder();
    const good = async (root: string, ...argv: readonly string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await slipway(argv, { root });
      assert.equal(exitCode, 0, `slipway ${argv.join(' ')}\n${stderr}`);
      return stdout;
    };
    writeFileSync(folder.at('Dockerfile'), 'FROM scratch\nCOPY file /\nLABEL a=b\n');
    writeFileSync(folder.at('file'), Buffer.alloc(300_000, call));
    await good(folder.at('other'), 'build', '-q', '-t', 'app:1', folder.path);
    await good(folder.at('other'), 'save', '-o', folder.at('app.tar'), 'app:1');
    writeFileSync(folder.at('Dockerfile.kept'), 'FROM scratch\nCOPY Dockerfile.kept /\n');
    const kept = folder.at('Dockerfile.kept');
    await good(folder.at('before'), 'build', '-q', '-t', 'kept:1', '-f', kept, folder.path);
    const attempts: readonly Attempt[] = [
      { argv: ['load', '-i', folder.at('app.tar')], names: ['app:1'] },
      { argv: ['build', '-t', 'app:1', folder.path], names: ['app:1'] },
      { argv: ['tag', 'kept:1', 'also:1'], names: ['also:1'] },
      { argv: ['save', '-o', folder.at('kept.tar'), 'kept:1'], names: [] },
      { argv: ['system', 'gc'], names: [] },
    ];
    const trace = folder.at('trace');
    let injected = 0;
    for (const [i, { argv, names }] of attempts.entries()) {
      for (const turn of TURNS) {
        const root = folder.at(`store-${i}-${turn}`);
        cpSync(folder.at('before'), root, { recursive: true });
        const inject = `inject=${call}:error=EIO:when=${turn}`;
        const faulty = ['-f', '-qq', '-o', trace, '-e', `trace=${call}`, '-e', inject];
        const { status, stderr } = spawnSync('strace', [...faulty, SLIPWAY, ...argv], {
          encoding: 'utf8',
          env: { PATH: process.env.PATH, HOME: '/nonexistent', SLIPWAY_ROOT: root },
        });
        injected += readFileSync(trace, 'utf8').split('(INJECTED)').length - 1;
        const what = `${argv.join(' ')}, ${call} ${turn}: exit code ${status}\n${stderr}`;
        assert.ok(status === 0 || status === 1, what);
        assert.doesNotMatch(stderr, /^ {4}at |internal error/m, what);
        if (status === 1) assert.match(stderr, /EIO|input\/output error|disk I\/O error/, what);
        await good(root, 'system', 'check');
        const listed = await good(root, 'images', '--format', '{{.Repository}}:{{.Tag}}');
        const found = listed.trim().split('\n').sort();
        assert.ok(found.includes('kept:1'), what);
        if (status === 0) assert.deepEqual(found, ['kept:1', ...names].sort(), what);
        await good(root, 'save', '-o', join(folder.path, 'again.tar'), ...found);
      }
    }
    assert.ok(injected > 0, `no command came to an ${call} that could fail`);
  });
}
