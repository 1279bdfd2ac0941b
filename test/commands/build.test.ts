/** `build`: what reaches the engine, and what people see. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { hostPlatform } from '#core/platform.ts';
import type { BuildOptions, BuildResult, Engine } from '#engine.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const imageId = digestOf('config');
const RESULT: BuildResult = {
  ref: 'abc',
  imageId,
  manifest: { mediaType: 'm', digest: digestOf('manifest'), size: 1 },
  names: [],
  steps: { run: 1, cached: 0 },
};

/** An engine whose build sends one step and ends as told. */
function building(seen: BuildOptions[], error?: Error): Engine {
  return fakeEngine({
    build: async (options) => {
      seen.push(options);
      options.events?.({ kind: 'vertex-started', vertex: 1, name: '[1/1] RUN make', atMs: 0 });
      const outcome = error ? 'error' : 'done';
      const message = error ? { message: error.message } : {};
      options.events?.({ kind: 'vertex-finished', vertex: 1, outcome, atMs: 100, ...message });
      if (error) throw error;
      return RESULT;
    },
  });
}

test('every flag reaches the engine', async () => {
  const seen: BuildOptions[] = [];
  const { exitCode } = await runCommand(
    [
      'build',
      ...[
        '-t',
        'a:1',
        '--tag',
        'b',
        '-f',
        'sub/Dockerfile',
        '--target',
        'test',
        '--explain',
        '--jobs',
        '3',
        '--allow',
        'network.host',
        '--no-cache',
        '--lock',
      ],
      ...[
        '--label',
        'l=1',
        '--annotation',
        'a=1',
        '--platform',
        'linux/riscv64,local',
        '--squash',
        '--omit-history',
        '--unsetenv',
        'E',
        '--unsetlabel',
        'L',
        '-o',
        'out',
        '--pull',
      ],
      ...['--cache-ttl', '1.5h', '--volume', '/a:/b:ro', '--build-arg-file', '/dev/null'],
      ...['--no-cache-filter', 'one,two', '--no-cache-filter', 'three'],
      ...['--cache-from', 'type=local,src=cache', '--cache-to', 'type=inline'],
      ...['--build-context', 'b=dir', '--ignorefile', 'ig'],
      ...['--secret', 'id=s,env=HOST', '--ssh', 'default=/agent'],
      ...['--build-arg', 'A=1', '--build-arg', 'HOST', '--build-arg', 'NOSUCH', 'ctx'],
    ],
    { engine: building(seen), environment: { HOST: 'h', SOURCE_DATE_EPOCH: '17' } },
  );
  assert.equal(exitCode, 0);
  const [{ events, onRecord, signal, ...options } = {}] = seen;
  assert.deepEqual([typeof events, typeof onRecord], ['function', 'function']);
  assert.ok(signal instanceof AbortSignal);
  assert.deepEqual(options, {
    context: 'ctx',
    dockerfile: 'sub/Dockerfile',
    keepFailed: true,
    buildContexts: ['b=dir'],
    ignoreFile: 'ig',
    tags: ['a:1', 'b'],
    target: 'test',
    noCache: true,
    cacheTtlMs: 5_400_000,
    volumes: [{ source: '/a', target: '/b', readOnly: true }],
    noCacheStages: ['one', 'two', 'three'],
    bases: 'newest',
    lock: 'write',
    buildArgs: { A: '1', HOST: 'h' },
    outputs: [{ kind: 'local', destination: resolve('out') }],
    cacheFrom: [{ kind: 'local', folder: resolve('cache'), tag: 'latest' }],
    cacheTo: [{ kind: 'inline' }],
    secrets: { s: { kind: 'value', value: 'h' } },
    agents: { default: '/agent' },
    allow: ['network.host'],
    explain: true,
    jobs: 3,
    labels: { l: '1' },
    annotations: [{ on: 'manifest', key: 'a', value: '1' }],
    platforms: [{ os: 'linux', architecture: 'riscv64' }, hostPlatform(process.arch)],
    isIndex: false,
    squash: true,
    exactTimes: false,
    omitHistory: true,
    unsetEnv: ['E'],
    unsetLabels: ['L'],
    sourceDateEpoch: 17,
  });
});

test("flags of docker's classic builder that mean nothing here are no failure", async () => {
  const seen: BuildOptions[] = [];
  const flags = ['--rm', '--rm=false', '--force-rm', '--compress'];
  const { exitCode, stderr } = await runCommand(['build', ...flags, '.'], {
    engine: building(seen),
  });
  assert.equal(exitCode, 0, stderr);
  assert.equal(seen.length, 1);
});

test('--pull has the words of docker and podman', async () => {
  for (const [flags, bases] of [
    [[], 'local'],
    [['--pull'], 'newest'],
    [['--pull=true'], 'newest'],
    [['--pull=newer'], 'newest'],
    [['--pull=false'], 'local'],
    [['--pull=missing'], 'local'],
    [['--pull=never'], 'offline'],
    [['--pull=missing', '--offline'], 'offline'],
  ] as const) {
    const seen: BuildOptions[] = [];
    const outcome = await runCommand(['build', ...flags, '.'], { engine: building(seen) });
    assert.equal(outcome.exitCode, 0, outcome.stderr);
    assert.equal(seen[0]?.bases, bases, flags.join(' '));
  }
  const { exitCode, stderr } = await runCommand(['build', '--pull=sometimes', '.'], {
    engine: building([]),
  });
  assert.equal(exitCode, 1);
  assert.match(stderr, /^invalid argument "sometimes" for "--pull"$/m);
});

test('name servers are those of every RUN', async () => {
  const seen: BuildOptions[] = [];
  const flags = ['--dns', '10.0.0.53', '--dns-search', 'corp', '--dns-option', 'ndots:2'];
  await runCommand(['build', ...flags, '.'], { engine: building(seen) });
  assert.deepEqual(seen[0]?.network, {
    mode: 'host',
    extraHosts: [],
    dns: ['10.0.0.53'],
    dnsSearch: ['corp'],
    dnsOptions: ['ndots:2'],
  });
});

test('--frozen excludes what would change the lock', async () => {
  for (const other of ['--lock', '--pull']) {
    const { exitCode, stderr } = await runCommand(['build', '--frozen', other, '.'], {
      engine: building([]),
    });
    assert.equal(exitCode, 1);
    assert.match(stderr, new RegExp(`^--frozen and ${other} exclude each other`));
  }
});

test('the log goes to stderr, nothing to stdout', async () => {
  assert.deepEqual(await runCommand(['build', '.'], { engine: building([]) }), {
    exitCode: 0,
    stdout: '',
    stderr: '#1 [1/1] RUN make\n#1 DONE 0.1s\n',
  });
});

test('on a terminal the steps are redrawn in place, unless lines are wanted', async () => {
  const shown = async (argv: readonly string[], environment: Record<string, string>) =>
    (await runCommand(['build', ...argv], { engine: building([]), isTTY: true, environment }))
      .stderr;
  assert.match(
    await shown(['.'], {}),
    /\[\+\] Building 0\.1s \(1\/1\) FINISHED.*=> \[1\/1\] RUN make/s,
  );
  for (const [argv, environment] of [
    [['.'], { CI: 'true' }],
    [['.'], { TERM: 'dumb' }],
    [['.'], { BUILDKIT_PROGRESS: 'plain' }],
    [['--progress=plain', '.'], {}],
  ] as const) {
    assert.equal(await shown(argv, environment), '#1 [1/1] RUN make\n#1 DONE 0.1s\n');
  }
  assert.match(await shown(['--progress=tty', '.'], { CI: 'true' }), /\[\+\] Building/);
});

test('NO_COLOR takes the colours, not the display', async () => {
  const options = { engine: building([]), isTTY: true };
  const blue = '\x1b[34m => ';
  assert.ok((await runCommand(['build', '.'], options)).stderr.includes(blue));
  const plain = await runCommand(['build', '.'], { ...options, environment: { NO_COLOR: '1' } });
  assert.ok(!plain.stderr.includes(blue));
  assert.match(plain.stderr, /FINISHED/);
});

test('the display of a terminal without a terminal is refused', async () => {
  const { exitCode, stderr } = await runCommand(['build', '--progress=tty', '.'], {
    engine: building([]),
  });
  assert.equal(exitCode, 1);
  assert.match(stderr, /^progress "tty" needs a terminal as standard error\n/);
});

test('quietly: the ID only', async () => {
  for (const argv of [
    ['build', '-q', '.'],
    ['build', '-q', '--progress=plain', '.'],
  ]) {
    assert.deepEqual(await runCommand(argv, { engine: building([]) }), {
      exitCode: 0,
      stdout: `${imageId}\n`,
      stderr: '',
    });
  }
});

test('--iidfile gets the ID without a newline', async () => {
  using folder = tempFolder();
  await runCommand(['build', '--iidfile', folder.at('id'), '.'], { engine: building([]) });
  assert.equal(readFileSync(folder.at('id'), 'utf8'), imageId);
});

const failure = new SlipwayError('RUN_FAILED', 'process "/bin/sh -c make" failed: exit code: 2', {
  detail: {
    source: { name: 'Dockerfile', text: 'FROM a\nRUN make\n' },
    range: { start: 7, end: 15 },
  },
});
const FAILURE_TAIL = `------
 > [1/1] RUN make:
------
Dockerfile:2
--------------------
   1 |     FROM a
   2 | >>> RUN make
     |     ^^^^^^^^
   3 |
--------------------
ERROR: failed to build: failed to solve: process "/bin/sh -c make" failed: exit code: 2
`;

test('a failure: the log, the step, the place, the error, exit code 1', async () => {
  assert.deepEqual(await runCommand(['build', '.'], { engine: building([], failure) }), {
    exitCode: 1,
    stdout: '',
    stderr: `#1 [1/1] RUN make\n#1 ERROR: ${failure.message}\n${FAILURE_TAIL}`,
  });
});

test('a failure is told quietly too', async () => {
  const { stderr } = await runCommand(['build', '-q', '.'], { engine: building([], failure) });
  assert.equal(stderr, FAILURE_TAIL);
});

test('a missing context failed before there was anything to solve', async () => {
  const engine = fakeEngine({
    build: async () => {
      throw new SlipwayError('CONTEXT_MISSING', 'unable to prepare context: path "x" not found');
    },
  });
  const { stderr } = await runCommand(['build', 'x'], { engine });
  assert.equal(stderr, 'ERROR: failed to build: unable to prepare context: path "x" not found\n');
});

test('after Ctrl-C the exit code is 130, and no error is told', async () => {
  const engine = building([], new SlipwayError('CANCELLED', 'canceled'));
  const interrupts = { signal: AbortSignal.abort(), exitCode: () => 130 };
  const { exitCode, stderr } = await runCommand(['build', '-q', '.'], { engine, interrupts });
  assert.equal(exitCode, 130);
  assert.doesNotMatch(stderr, /ERROR/);
});
