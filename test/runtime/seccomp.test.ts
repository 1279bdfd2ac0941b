/**
 * System call filters: docker's default profile in force, and every comparison of the compiler
 * against what it must let through, asked from inside a container by number.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { RuntimeSpec, SeccompSpec } from '#core/runtime-spec.ts';
import { DEFAULT_SECCOMP } from '#runtime/seccomp-profile.ts';
import { contained, runInit } from '#test/helpers/containers.ts';

/** Numbers by architecture. */
const NUMBERS = {
  x64: { getpriority: 140, personality: 135, unshare: 272, socket: 41, clone3: 435, keyctl: 250 },
  arm64: { getpriority: 141, personality: 92, unshare: 97, socket: 198, clone3: 435, keyctl: 219 },
} as const;
const CALLS = process.arch === 'arm64' ? NUMBERS.arm64 : NUMBERS.x64;

const DENIED = 'Operation not permitted';

/** The answers to system calls made in one container, in order. */
async function ask(
  calls: readonly (readonly (number | bigint)[])[],
  seccomp?: SeccompSpec | 'unconfined',
): Promise<readonly string[]> {
  const words = calls.flatMap((call, i) => [
    ...(i > 0 ? [','] : []),
    'syscall',
    ...call.map(String),
  ]);
  const { stdout } = await runInit(['all', ...words], seccomp ? { seccomp } : {});
  return stdout.trim().split('\n');
}

test('the profile lists every name once, sorted', () => {
  const names = DEFAULT_SECCOMP.syscalls?.[0]?.names ?? [];
  assert.deepEqual(names.length, new Set(names).size);
  for (const closed of [
    'mount',
    'unshare',
    'setns',
    'bpf',
    'init_module',
    'keyctl',
    'userfaultfd',
  ]) {
    assert.ok(!names.includes(closed), closed);
  }
});

contained('the default profile is in force and says EPERM; clone3 is not there', async () => {
  const { stdout } = await runInit(['caps']);
  assert.match(stdout, /Seccomp:\t2\n/);
  const answers = await ask([
    [CALLS.unshare, 0],
    [CALLS.keyctl, 0],
    [CALLS.clone3, 0, 0],
    [CALLS.socket, 40, 1, 0],
    [CALLS.socket, 1, 1, 0],
    [CALLS.personality, 0xffffffff],
    [CALLS.personality, 0x40000],
    [CALLS.getpriority, 0, 0],
  ]);
  const missing = 'Function not implemented';
  assert.deepEqual(answers, [DENIED, DENIED, missing, DENIED, 'ok', 'ok', DENIED, 'ok']);
});

contained(
  '32-bit programs run under the default profile, with the same things closed',
  async (t) => {
    if (process.arch !== 'x64') return t.skip('of x86-64');
    const calls = { getpid: 20, mount: 21, uname: 122, keyctl: 288, unshare: 310 };
    const ask32 = async (number: number): Promise<string> =>
      (await runInit(['int80', String(number)])).stdout.trim();
    assert.equal(await ask32(calls.getpid), 'ok');
    assert.equal(await ask32(calls.uname), 'Bad address');
    for (const name of ['mount', 'keyctl', 'unshare'] as const) {
      assert.equal(await ask32(calls[name]), DENIED, name);
    }
  },
);

contained('unconfined means no filter', async () => {
  const { stdout } = await runInit(['caps'], { seccomp: 'unconfined' });
  assert.match(stdout, /Seccomp:\t0\n/);
  assert.deepEqual(await ask([[CALLS.unshare, 0]], 'unconfined'), ['ok']);
});

contained('the filter holds with no_new_privs and for another user too', async () => {
  const wanted = { noNewPrivileges: true, user: { uid: 1000, gid: 1000 } };
  const { stdout } = await runInit(
    ['all', 'caps', ',', 'syscall', String(CALLS.unshare), '0'],
    wanted,
  );
  assert.match(stdout, /NoNewPrivs:\t1\nSeccomp:\t2\n/);
  assert.ok(stdout.endsWith(`${DENIED}\n`));
});

/** Everything is allowed but getpriority, which the rule decides on its fourth argument. */
function ruled(op: string, value: number, valueTwo?: number): SeccompSpec {
  const parsed: SeccompSpec = JSON.parse(
    JSON.stringify({
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: DEFAULT_SECCOMP.architectures,
      syscalls: [
        {
          names: ['getpriority'],
          action: 'SCMP_ACT_ERRNO',
          errnoRet: 13,
          args: [
            {
              index: 3,
              value,
              ...(valueTwo === undefined ? {} : { valueTwo }),
              op: `SCMP_CMP_${op}`,
            },
          ],
        },
      ],
    }),
  );
  return parsed;
}

contained('each comparison is a comparison of 64 bits', async () => {
  const high = 2 ** 32;
  const value = high + 5;
  const samples = [0, 4, 5, 6, high, high + 4, high + 5, high + 6, 2 * high, 2 * high + 4];
  const comparisons: readonly [string, (sample: number) => boolean][] = [
    ['EQ', (sample) => sample === value],
    ['NE', (sample) => sample !== value],
    ['LT', (sample) => sample < value],
    ['LE', (sample) => sample <= value],
    ['GT', (sample) => sample > value],
    ['GE', (sample) => sample >= value],
  ];
  const calls = samples.map((sample) => [CALLS.getpriority, 0, 0, 0, sample]);
  for (const [op, holds] of comparisons) {
    const expected = samples.map((sample) => (holds(sample) ? 'Permission denied' : 'ok'));
    assert.deepEqual(await ask(calls, ruled(op, value)), expected, op);
  }
  const mask = high + 1;
  const masked = samples.map((sample) =>
    BigInt(sample) % 2n === 1n && (BigInt(sample) / BigInt(high)) % 2n === 1n
      ? 'Permission denied'
      : 'ok',
  );
  assert.deepEqual(await ask(calls, ruled('MASKED_EQ', mask, mask)), masked);
});

/** Everything is allowed but getpriority. */
function decided(rule: object, filter: object = {}): SeccompSpec {
  return JSON.parse(
    JSON.stringify({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['getpriority'], ...rule }],
      ...filter,
    }),
  );
}

contained('a mask hides the bits of the value that it does not have', async () => {
  const args = [{ index: 3, value: 6, valueTwo: 7, op: 'SCMP_CMP_MASKED_EQ' }];
  const filter = decided({ action: 'SCMP_ACT_ERRNO', args });
  const calls = [6, 7, 2, 14].map((sample) => [CALLS.getpriority, 0, 0, 0, sample]);
  assert.deepEqual(await ask(calls, filter), [DENIED, DENIED, 'ok', DENIED]);
});

contained(
  'conditions on several arguments hold together, on one argument each for itself',
  async () => {
    const equal = (index: number, value: number): object => ({ index, value, op: 'SCMP_CMP_EQ' });
    const of = (...args: readonly object[]): SeccompSpec =>
      decided({ action: 'SCMP_ACT_ERRNO', args });
    const calls = [
      [CALLS.getpriority, 0, 0, 1, 2],
      [CALLS.getpriority, 0, 0, 1, 1],
      [CALLS.getpriority, 0, 0, 2, 2],
    ];
    assert.deepEqual(await ask(calls, of(equal(2, 1), equal(3, 2))), [DENIED, 'ok', 'ok']);
    assert.deepEqual(await ask(calls, of(equal(2, 1), equal(2, 2))), [DENIED, DENIED, DENIED]);
    assert.deepEqual(await ask(calls, of(equal(3, 1), equal(3, 5))), ['ok', DENIED, 'ok']);
  },
);

contained('every action is what the kernel calls it', async () => {
  const outcome = async (action: string, errnoRet?: number): Promise<string> => {
    const seccomp = decided({ action, ...(errnoRet === undefined ? {} : { errnoRet }) });
    const wanted = ['trapped', 'syscall'].map((command) => [command, String(CALLS.getpriority)]);
    const runs = await Promise.all(wanted.map((args) => runInit(args, { seccomp })));
    return runs.map(({ stdout, exitCode }) => stdout.trim() || String(exitCode)).join(', ');
  };
  const killed = `${128 + 31}, ${128 + 31}`;
  assert.equal(await outcome('SCMP_ACT_ALLOW'), '0, ok');
  assert.equal(await outcome('SCMP_ACT_LOG'), '0, ok');
  assert.equal(await outcome('SCMP_ACT_ERRNO'), `0, ${DENIED}`);
  assert.equal(await outcome('SCMP_ACT_ERRNO', 17), '0, File exists');
  assert.equal(await outcome('SCMP_ACT_ERRNO', 0), '0, ok');
  // Nobody traces: the call does not exist then.
  assert.equal(await outcome('SCMP_ACT_TRACE', 3), '0, Function not implemented');
  assert.equal(await outcome('SCMP_ACT_TRAP'), `signal 31 for call ${CALLS.getpriority}, 159`);
  for (const action of ['SCMP_ACT_KILL', 'SCMP_ACT_KILL_THREAD', 'SCMP_ACT_KILL_PROCESS']) {
    assert.equal(await outcome(action), killed, action);
  }
});

contained('other architectures: theirs when they are listed, else none', async (t) => {
  if (process.arch !== 'x64') return t.skip('x86-64 has two more');
  const getpriority = { x86: 96, x32: 0x40000000 + 140 };
  const rule = { action: 'SCMP_ACT_ERRNO', errnoRet: 13 };
  const run = async (architectures: readonly string[], ...call: readonly (string | number)[]) => {
    const { stdout, exitCode } = await runInit(call.map(String), {
      seccomp: decided(rule, { architectures }),
    });
    return stdout.trim() || exitCode;
  };
  const all = ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'];
  assert.equal(await run(all, 'syscall', CALLS.getpriority, 0, 0), 'Permission denied');
  assert.equal(await run(all, 'int80', getpriority.x86, 0, 0), 'Permission denied');
  assert.equal(await run(all, 'int80', 20), 'ok', 'getpid');
  assert.equal(await run(all, 'syscall', getpriority.x32, 0, 0), 'Permission denied');
  for (const own of [[], ['SCMP_ARCH_X86_64'], ['SCMP_ARCH_S390X', 'SCMP_ARCH_AARCH64']]) {
    assert.equal(await run(own, 'syscall', CALLS.getpriority, 0, 0), 'Permission denied');
    assert.equal(await run(own, 'int80', 20), 128 + 31);
    assert.equal(await run(own, 'syscall', getpriority.x32, 0, 0), 'Function not implemented');
  }
});

contained('32-bit arguments are compared by their 32 bits', async (t) => {
  if (process.arch !== 'x64') return t.skip('of x86-64');
  const args = [{ index: 1, value: 2 ** 32 + 7, op: 'SCMP_CMP_EQ' }];
  const seccomp = decided(
    { action: 'SCMP_ACT_ERRNO', args },
    { architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'] },
  );
  const commands = ['int80', '96', '0', '7', ',', 'int80', '96', '0', '8'];
  const { stdout } = await runInit(['all', ...commands], { seccomp });
  assert.equal(stdout, `${DENIED}\nNo such process\n`);
});

contained('calls that nobody here knows: names are left out, numbers do not exist', async () => {
  const names = ['no_such_call', 'getpriority'];
  const denying = decided({ names, action: 'SCMP_ACT_ERRNO' });
  const calls = [
    [CALLS.getpriority, 0, 0],
    [630, 0],
    [100000, 0],
  ];
  const missing = 'Function not implemented';
  assert.deepEqual(await ask(calls, denying), [DENIED, missing, missing]);
  const defaults = await ask([
    [CALLS.unshare, 0],
    [630, 0],
    [100000, 0],
  ]);
  assert.deepEqual(defaults, [DENIED, missing, missing]);
});

contained('flags are the kernel’s', async () => {
  const flags = ['TSYNC', 'LOG', 'SPEC_ALLOW'].map((name) => `SECCOMP_FILTER_FLAG_${name}`);
  const filter = decided({ action: 'SCMP_ACT_ERRNO' }, { flags });
  assert.deepEqual(await ask([[CALLS.getpriority, 0, 0]], filter), [DENIED]);
});

contained('a filter need not allow what the launcher does before the program', async () => {
  const before = ['setgroups', 'setresgid', 'setresuid', 'fchown', 'mount', 'pivot_root'];
  const closed = (names: readonly string[]): SeccompSpec =>
    decided({ names, action: 'SCMP_ACT_KILL_PROCESS' });
  for (const uid of [0, 1000]) {
    const user = { uid, gid: uid, additionalGids: [uid + 1] };
    const with_ = { user, noNewPrivileges: true, seccomp: closed([...before, 'capset', 'capget']) };
    assert.equal(
      (await runInit(['id'], with_)).stdout,
      `uid=${uid} gid=${uid} groups=${uid + 1}\n`,
    );
    const without = { user, seccomp: closed(before) };
    assert.equal((await runInit(['id'], without)).exitCode, 0);
  }
});

contained('what the compiler does not know is refused by pointer', async () => {
  const put = (change: object) => (spec: RuntimeSpec) => ({
    ...spec,
    linux: { ...spec.linux, seccomp: { ...DEFAULT_SECCOMP, ...change } },
  });
  const cases: readonly [object, string][] = [
    [{ flags: ['SECCOMP_FILTER_FLAG_NEW_LISTENER'] }, '/linux/seccomp/flags/0'],
    [{ defaultAction: 'SCMP_ACT_NOTIFY' }, '/linux/seccomp/defaultAction'],
    [{ architectures: ['SCMP_ARCH_PDP11'] }, '/linux/seccomp/architectures/0'],
    [{ listenerPath: '/x' }, '/linux/seccomp/listenerPath'],
    [
      { syscalls: [{ names: ['mount'], action: 'SCMP_ACT_MAYBE' }] },
      '/linux/seccomp/syscalls/0/action',
    ],
  ];
  for (const [change, pointer] of cases) {
    await assert.rejects(runInit(['true'], { edit: put(change) }), {
      code: 'SPEC_UNSUPPORTED',
      message: `config.json: ${pointer} is not supported`,
    });
  }
  const errno = { syscalls: [{ names: ['mount'], action: 'SCMP_ACT_ALLOW', errnoRet: 1 }] };
  await assert.rejects(runInit(['true'], { edit: put({ ...errno, defaultErrnoRet: 1 }) }), {
    code: 'LAUNCH_FAILED',
    hint: /only SCMP_ACT_ERRNO/,
    detail: {
      ...{ stage: 'spec', call: 'check', errno: 'EINVAL' },
      ...{ path: '/linux/seccomp/syscalls/0/errnoRet', exitCode: 125 },
    },
  });
});
