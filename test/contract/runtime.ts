/**
 * What every Runtime promises to builds and `slipway run`: output, exit codes, the root as rootfs.json
 * describes it, refusals as typed errors, and nothing left when it is aborted.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Runtime } from '#runtime/runtime.ts';
import { canContain, initFolder, runAt, site, type Wanted } from '#test/helpers/containers.ts';
import { pidsWith } from '#test/helpers/processes.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

export interface RuntimeUnderTest {
  readonly make: () => Runtime;
  /** Why it cannot be tried here. */
  readonly obstacle?: () => string | undefined;
}

/** Registers the suite. */
export function runtimeContract(name: string, { make, obstacle }: RuntimeUnderTest): void {
  const contract = (fact: string, body: (runtime: Runtime) => Promise<void>): void => {
    test(`${name}: ${fact}`, async (t) => {
      if (!canContain(t)) return;
      const reason = obstacle?.();
      if (reason !== undefined) {
        t.skip(reason);
        return;
      }
      await using runtime = make();
      await body(runtime);
    });
  };
  const run = async (runtime: Runtime, wanted: Wanted) => {
    using folder = tempFolder();
    return await runAt(runtime, site(folder.path), wanted);
  };

  contract('exit codes are the program’s', async (runtime) => {
    for (const [args, exitCode] of [
      [['true'], 0],
      [['exit', '3'], 3],
      [['exit', '255'], 255],
    ] as const) {
      const ran = await run(runtime, { args: ['/init', ...args] });
      assert.equal(ran.exitCode, exitCode, args.join(' '));
    }
  });

  contract('stdout and stderr arrive apart, whole and in order', async (runtime) => {
    const { exitCode, stdout, stderr } = await run(runtime, {
      args: ['/init', 'all', 'echo', 'one', ',', 'errecho', 'two', ',', 'echo', 'three'],
    });
    assert.deepEqual(
      { exitCode, stdout, stderr },
      { exitCode: 0, stdout: 'one\nthree\n', stderr: 'two\n' },
    );
    const long = await run(runtime, { args: ['/init', 'bytes', '3000000'] });
    assert.equal(long.stdout.length, 3_000_000);
  });

  contract('the process is what the spec says', async (runtime) => {
    const { stdout } = await run(runtime, {
      args: [
        '/init',
        'all',
        'id',
        ',',
        'pwd',
        ',',
        'env',
        ',',
        'hostname',
        ',',
        'pid',
        ',',
        'descriptors',
      ],
      user: { uid: 7, gid: 8, additionalGids: [9] },
      cwd: '/etc',
      env: ['PATH=/', 'A=b c'],
      hostname: 'ship',
    });
    assert.deepEqual(withoutHome(stdout), [
      'uid=7 gid=8 groups=9',
      '/etc',
      'PATH=/',
      'A=b c',
      'ship',
      '1 0',
      '0',
      '1',
      '2',
    ]);
  });

  contract('capabilities and the filter are docker’s', async (runtime) => {
    const { stdout } = await run(runtime, { args: ['/init', 'caps'] });
    assert.match(stdout, /CapEff:\s+00000000a80425fb\nCapBnd:\s+00000000a80425fb/);
    assert.match(stdout, /Seccomp:\s+2/);
  });

  contract(
    'what the program writes ends up in the upper folder, and nowhere else',
    async (runtime) => {
      using folder = tempFolder();
      const lower = initFolder(folder.at('layer'));
      writeFileSync(join(lower, 'etc/old'), 'old');
      const place = site(folder.path, [{ kind: 'folder', path: lower }]);
      const { exitCode } = await runAt(runtime, place, {
        args: [
          '/init',
          'all',
          'write',
          '/etc/new',
          'new',
          ',',
          'append',
          '/etc/old',
          '!',
          ',',
          'mkdir',
          '/made',
        ],
      });
      assert.equal(exitCode, 0);
      assert.equal(readFileSync(join(place.upper, 'etc/new'), 'utf8').trim(), 'new');
      assert.equal(readFileSync(join(lower, 'etc/old'), 'utf8'), 'old');
      assert.deepEqual(readdirSync(lower).includes('made'), false);
      assert.deepEqual(
        readdirSync(join(place.bundle, 'rootfs')),
        [],
        'no mount is seen on the host',
      );
    },
  );

  contract('a program that cannot be started is a typed error', async (runtime) => {
    await assert.rejects(run(runtime, { args: ['nope'] }), {
      code: 'COMMAND_NOT_FOUND',
      message: 'exec: "nope": executable file not found in $PATH',
    });
    await assert.rejects(run(runtime, { args: ['/nope'] }), {
      code: 'COMMAND_NOT_FOUND',
      message: 'exec: "/nope": stat /nope: no such file or directory',
    });
    await assert.rejects(run(runtime, { args: ['/etc'] }), { code: 'COMMAND_NOT_EXECUTABLE' });
  });

  contract('a bundle whose root is gone is a failed launch', async (runtime) => {
    using folder = tempFolder();
    const place = site(folder.path, [{ kind: 'folder', path: folder.at('gone') }]);
    await assert.rejects(runAt(runtime, place, {}), { code: 'LAUNCH_FAILED' });
  });

  contract('containers run beside each other', async (runtime) => {
    const words = ['a', 'b', 'c', 'd'];
    const ran = await Promise.all(
      words.map((word) => run(runtime, { args: ['/init', 'echo', word] })),
    );
    assert.deepEqual(
      ran.map(({ stdout }) => stdout),
      words.map((word) => `${word}\n`),
    );
  });

  contract('an abort kills every process before it rejects', async (runtime) => {
    const word = `contract-${crypto.randomUUID()}`;
    const stop = new AbortController();
    const ready = Promise.withResolvers<void>();
    const ran = run(runtime, {
      args: ['/init', 'orphan', '1000', word],
      signal: stop.signal,
      onOutput: () => ready.resolve(),
    });
    ran.catch(() => {});
    await Promise.race([ready.promise, ran]);
    assert.ok(pidsOf(word) >= 2);
    stop.abort();
    await assert.rejects(ran, { code: 'CANCELLED' });
    // A killed process may still be seen for a moment, by a parent that has not looked.
    for (let attempt = 0; pidsOf(word) > 0 && attempt < 50; attempt++) await sleep(20);
    assert.equal(pidsOf(word), 0);
  });
}

/** Of the container's own: runtimes have its command line in theirs. */
function pidsOf(word: string): number {
  return pidsWith(word).length;
}

/** runc adds HOME where the environment has none. */
function withoutHome(stdout: string): readonly string[] {
  return stdout
    .trimEnd()
    .split('\n')
    .filter((line) => !line.startsWith('HOME='));
}
