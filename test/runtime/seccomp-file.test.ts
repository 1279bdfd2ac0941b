/** docker's format of system call filters: which rules are taken, and what is refused. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseSeccompFile, type SeccompFileOptions } from '#runtime/seccomp-file.ts';
import { contained, runInit } from '#test/helpers/containers.ts';

const OPTIONS: SeccompFileOptions = {
  from: 'profile.json',
  architecture: 'x64',
  release: '6.1.0-13-amd64',
  capabilities: ['CAP_CHOWN', 'CAP_KILL'],
};

/** The names that are left of rules with these conditions. */
function left(rules: readonly object[], options: Partial<SeccompFileOptions> = {}): string {
  const syscalls = rules.map((rule, i) => ({
    names: [String(i)],
    action: 'SCMP_ACT_ALLOW',
    ...rule,
  }));
  const text = JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', syscalls });
  const { syscalls: found } = parseSeccompFile(text, { ...OPTIONS, ...options });
  return found?.flatMap(({ names }) => names).join('') ?? '';
}

test('rules for other architectures, kernels and capabilities are left out', () => {
  const rules = [
    {},
    { includes: {}, excludes: {} },
    { includes: { arches: ['amd64', 'x32'] } },
    { includes: { arches: ['arm64'] } },
    { excludes: { arches: ['amd64'] } },
    { includes: { caps: ['CAP_CHOWN', 'CAP_KILL'] } },
    { includes: { caps: ['CAP_CHOWN', 'CAP_SYS_ADMIN'] } },
    { excludes: { caps: ['CAP_SYS_ADMIN', 'CAP_KILL'] } },
    { excludes: { caps: ['CAP_SYS_ADMIN'] } },
    { includes: { minKernel: '6.1' } },
    { includes: { minKernel: '6.2' } },
    { includes: { minKernel: '4.8' }, excludes: { minKernel: '7.0' } },
    { excludes: { minKernel: '5.10' } },
  ];
  assert.equal(left(rules), '01258911');
  assert.equal(left(rules, { architecture: 'arm64' }), '0134589' + '11');
  assert.equal(left(rules, { capabilities: [] }), '012' + '78911');
  assert.equal(left(rules, { release: '7.3.1' }), '0125891' + '0');
});

test('architectures are those of the own one in archMap, or as they are listed', () => {
  const archMap = [
    {
      architecture: 'SCMP_ARCH_X86_64',
      subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
    },
    { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
    { architecture: 'SCMP_ARCH_S390X' },
  ];
  const of = (profile: object, architecture: string): unknown =>
    parseSeccompFile(JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', ...profile }), {
      ...OPTIONS,
      architecture,
    }).architectures;
  assert.deepEqual(of({ archMap }, 'x64'), ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']);
  assert.deepEqual(of({ archMap }, 'arm64'), ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']);
  assert.deepEqual(of({ archMap }, 'riscv64'), []);
  assert.deepEqual(of({ architectures: ['SCMP_ARCH_X86'] }, 'x64'), ['SCMP_ARCH_X86']);
});

test('the runtime specification’s form stays as it is', () => {
  const spec = {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 38,
    architectures: ['SCMP_ARCH_X86_64'],
    flags: ['SECCOMP_FILTER_FLAG_LOG'],
    syscalls: [
      {
        names: ['clone'],
        action: 'SCMP_ACT_ALLOW',
        args: [{ index: 0, value: 2114060288, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
      },
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
    ],
  } as const;
  assert.deepEqual(parseSeccompFile(JSON.stringify(spec), OPTIONS), spec);
  const old = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ name: 'a', action: 'SCMP_ACT_LOG' }],
  };
  assert.deepEqual(parseSeccompFile(JSON.stringify(old), OPTIONS).syscalls?.[0]?.names, ['a']);
});

test('what is no profile is refused with its place', () => {
  const cases: readonly [unknown, RegExp][] = [
    ['{', /^seccomp profile profile\.json is not valid JSON/],
    [[], /profile\.json: \/ must be an object/],
    [{}, /\/defaultAction/],
    [{ defaultAction: 'SCMP_ACT_ALLOW', listenerPath: '/x' }, /\/listenerPath must be absent/],
    [
      { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['X'], archMap: [{ architecture: 'Y' }] },
      /\/archMap must be absent beside architectures/,
    ],
    [{ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: [1] }] }, /\/syscalls\/0\/names\/0/],
    [
      { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ includes: { minKernel: 'new' } }] },
      /\/syscalls\/0\/includes\/minKernel must be a version/,
    ],
    [
      {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['a'], action: 'x', args: [{ index: 0, value: 2 ** 63, op: 'x' }] }],
      },
      /\/syscalls\/0\/args\/0\/value must be a whole number/,
    ],
  ];
  for (const [profile, message] of cases) {
    const text = typeof profile === 'string' ? profile : JSON.stringify(profile);
    assert.throws(() => parseSeccompFile(text, OPTIONS), {
      code: 'SECCOMP_PROFILE_INVALID',
      message,
    });
  }
});

contained('a profile in docker’s format is in force', async () => {
  const profile = {
    defaultAction: 'SCMP_ACT_ALLOW',
    archMap: [{ architecture: 'SCMP_ARCH_X86_64' }, { architecture: 'SCMP_ARCH_AARCH64' }],
    syscalls: [
      {
        names: ['mkdir', 'mkdirat'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: 17,
        comment: 'no folders',
      },
      { names: ['chdir'], action: 'SCMP_ACT_ERRNO', includes: { caps: ['CAP_SYS_ADMIN'] } },
    ],
  };
  const seccomp = parseSeccompFile(JSON.stringify(profile), {
    ...OPTIONS,
    architecture: process.arch,
  });
  const { stderr } = await runInit(['mkdir', '/x'], { seccomp });
  assert.match(stderr, /\/x: File exists/);
  assert.equal((await runInit(['pwd'], { seccomp })).exitCode, 0);
});
