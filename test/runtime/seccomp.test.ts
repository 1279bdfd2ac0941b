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
  const names = DEFAULT_SECCOMP.syscalls[0]?.names ?? [];
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

contained('what the compiler does not know is refused by pointer', async () => {
  const put = (change: object) => (spec: RuntimeSpec) => ({
    ...spec,
    linux: { ...spec.linux, seccomp: { ...DEFAULT_SECCOMP, ...change } },
  });
  const cases: readonly [object, string][] = [
    [{ flags: ['SECCOMP_FILTER_FLAG_LOG'] }, '/linux/seccomp/flags'],
    [{ defaultAction: 'SCMP_ACT_TRAP' }, '/linux/seccomp'],
    [{ architectures: ['SCMP_ARCH_S390X'] }, '/linux/seccomp'],
    [
      {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['no_such_call'], action: 'SCMP_ACT_ERRNO' }],
      },
      '/linux/seccomp/syscalls/0/names/0',
    ],
  ];
  for (const [change, pointer] of cases) {
    await assert.rejects(runInit(['true'], { edit: put(change) }), {
      code: 'SPEC_UNSUPPORTED',
      message: `config.json: ${pointer} is not supported`,
    });
  }
});
