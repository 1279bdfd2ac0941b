/** `run`: flags end at the image, exit codes are docker's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { type ErrorCode, SlipwayError } from '#core/errors.ts';
import { parseReference } from '#core/reference.ts';
import type { RunOptions } from '#engine.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

function running(outcome: number | ErrorCode, seen: RunOptions[] = []) {
  return fakeEngine({
    run: async (options) => {
      seen.push(options);
      if (typeof outcome !== 'number') throw new SlipwayError(outcome, 'it failed');
      return { exitCode: outcome };
    },
  });
}

test('every flag reaches the engine; from the image on all is the container’s', async () => {
  const seen: RunOptions[] = [];
  const argv = [
    ...['run', '--rm', '-e', 'A=1', '--env=HOST', '-u', '1:2', '-w/w', '-h', 'box'],
    ...['--entrypoint', '/bin/sh', 'app', '-c', 'exit 3', '--rm', '-e'],
  ];
  const engine = running(3, seen);
  const { exitCode } = await runCommand(argv, { engine, environment: { HOST: 'h' } });
  assert.equal(exitCode, 3);
  const [{ signal, ...options } = {}] = seen;
  assert.ok(signal instanceof AbortSignal);
  assert.deepEqual(options, {
    image: 'app',
    command: ['-c', 'exit 3', '--rm', '-e'],
    entrypoint: '/bin/sh',
    env: ['A=1', 'HOST=h'],
    hostname: 'box',
    user: '1:2',
    workdir: '/w',
  });
});

for (const [outcome, expected] of [
  [0, 0],
  [137, 137],
  ['COMMAND_NOT_FOUND', 127],
  ['COMMAND_NOT_EXECUTABLE', 126],
  ['LAUNCH_FAILED', 125],
  ['USER_UNKNOWN', 125],
] as const) {
  test(`${outcome} exits with ${expected}`, async () => {
    const { exitCode } = await runCommand(['run', 'app'], { engine: running(outcome) });
    assert.equal(exitCode, expected);
  });
}

test('input and a terminal are asked for one by one', async () => {
  const seen: RunOptions[] = [];
  const engine = running(0, seen);
  for (const flags of [[], ['-i'], ['-t'], ['-it']]) {
    const { exitCode } = await runCommand(['run', ...flags, 'app'], { engine, isTTY: true });
    assert.equal(exitCode, 0);
  }
  assert.deepEqual(
    seen.map(({ hasInput, hasTerminal }) => [hasInput, hasTerminal]),
    [
      [undefined, undefined],
      [true, undefined],
      [undefined, true],
      [true, true],
    ],
  );
  const { exitCode, stderr } = await runCommand(['run', '-it', 'app'], { engine });
  assert.equal(exitCode, 1);
  assert.match(stderr, /^the input device is not a TTY\n/);
});

test('a bad flag is a failure of ours: 125', async () => {
  const { exitCode, stderr } = await runCommand(['run', '--nosuch', 'app']);
  assert.equal(exitCode, 125);
  assert.match(stderr, /^unknown flag: --nosuch\nSee 'slipway run --help'\.\n/);
});

test('an image that is not here is pulled, with the words on stderr', async () => {
  const calls: string[] = [];
  const engine = fakeEngine({
    run: async ({ image }) => {
      calls.push(`run ${image}`);
      if (calls.length === 1) throw new SlipwayError('IMAGE_UNKNOWN', 'No such image: app');
      return { exitCode: 0 };
    },
    pull: async (name) => {
      calls.push(`pull ${name}`);
      return {
        reference: parseReference('app:latest'),
        manifest: { mediaType: 'm', digest: digestOf('m'), size: 1 },
        changed: true,
      };
    },
  });
  const { exitCode, stdout, stderr } = await runCommand(['run', 'app'], { engine });
  assert.equal(exitCode, 0);
  assert.equal(stdout, '');
  assert.equal(
    stderr,
    `Unable to find image 'app:latest' locally
latest: Pulling from library/app
Digest: ${digestOf('m')}
Status: Downloaded newer image for app:latest
`,
  );
  assert.deepEqual(calls, ['run app', 'pull docker.io/library/app:latest', 'run app']);
});

test('limits reach the engine, and a container killed at its memory limit is said to be', async () => {
  const seen: RunOptions[] = [];
  const engine = fakeEngine({
    run: async (options) => {
      seen.push(options);
      return { exitCode: 137, oomKilled: true };
    },
  });
  const argv = ['run', '-m', '64m', '--memory-swap', '-1', '--pids-limit=5', 'app'];
  const { exitCode, stderr } = await runCommand(argv, { engine });
  assert.equal(exitCode, 137);
  assert.equal(stderr, 'slipway: killed: out of memory (limit 64MB); allow more with --memory\n');
  assert.deepEqual(seen[0]?.limits, { memory: 64 * 1024 ** 2, memorySwap: -1, pidsLimit: 5 });
});

test('a limit that docker does not take is refused by its words: 125', async () => {
  const { exitCode, stderr } = await runCommand(['run', '-m', 'x', 'app']);
  assert.equal(exitCode, 125);
  assert.match(stderr, /invalid argument "x" for "-m, --memory" flag: invalid size: 'x'/);
});

test('networks, hosts and name servers reach the engine', async () => {
  const seen: RunOptions[] = [];
  const engine = fakeEngine({
    run: async (options) => {
      seen.push(options);
      return { exitCode: 0 };
    },
  });
  const flags = ['--network', 'none', '--add-host', 'db:10.0.0.5', '--dns', '10.0.0.53'];
  const more = ['--dns-search', 'corp', '--dns-option', 'ndots:2'];
  await runCommand(['run', ...flags, ...more, 'app'], { engine });
  assert.deepEqual(seen[0]?.network, {
    mode: 'none',
    extraHosts: [{ name: 'db', address: '10.0.0.5' }],
    dns: ['10.0.0.53'],
    dnsSearch: ['corp'],
    dnsOptions: ['ndots:2'],
  });
});
