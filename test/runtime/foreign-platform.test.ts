/** Why programs of another platform do not run, and what helps. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { formatPlatform, hostPlatform } from '#core/platform.ts';
import type { Binfmt, BinfmtEntry } from '#runtime/binfmt.ts';
import { problemOf, requireRunnable } from '#runtime/foreign-platform.ts';
import { exitProgram } from '#runtime/foreign-program.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const platform = { os: 'linux', architecture: 'riscv64' };
const program = exitProgram('riscv64') ?? Buffer.alloc(0);
const entry: BinfmtEntry = {
  name: 'qemu-riscv64',
  isEnabled: true,
  interpreter: '/usr/bin/qemu-riscv64-static',
  isFixed: true,
  magic: { offset: 18, bytes: Buffer.from('f300', 'hex') },
};

function binfmt(entries: readonly BinfmtEntry[], more: Partial<Binfmt> = {}): Binfmt {
  return { isMounted: true, isEnabled: true, entries, ...more };
}

const cases = [
  ['it ran, nothing is registered: the machine runs it itself', true, binfmt([]), undefined],
  ['it ran, with an interpreter that containers have', true, binfmt([entry]), undefined],
  [
    'it ran, with an interpreter that containers have not',
    true,
    binfmt([{ ...entry, isFixed: false }]),
    /without the flag F/,
  ],
  [
    'nothing is registered',
    false,
    binfmt([]),
    /no interpreter for riscv64 programs is registered$/,
  ],
  ['nothing can be registered', false, binfmt([], { isMounted: false }), /not mounted$/],
  ['one entry is off', false, binfmt([{ ...entry, isEnabled: false }]), /switched off$/],
  ['all entries are off', false, binfmt([entry], { isEnabled: false }), /switched off$/],
  ['the interpreter is broken', false, binfmt([entry]), /does not work$/],
] as const;

for (const [name, ran, state, reason] of cases) {
  test(name, () => {
    const problem = problemOf(ran, { program, platform, binfmt: state });
    if (reason === undefined) assert.equal(problem, undefined);
    else assert.match(problem?.reason ?? '', reason);
  });
}

test('the fix turns on what is off', () => {
  const fixOf = (state: Binfmt) => problemOf(false, { program, platform, binfmt: state })?.fix;
  const off = { ...entry, isEnabled: false };
  assert.match(fixOf(binfmt([off])) ?? '', /echo 1 > \/proc\/sys\/fs\/binfmt_misc\/qemu-riscv64$/);
  assert.match(fixOf(binfmt([off], { isEnabled: false })) ?? '', /binfmt_misc\/status$/);
});

test('the own platform and its variants need nothing, another system cannot be had', async () => {
  using folder = tempFolder();
  const host = hostPlatform(process.arch);
  const check = { host, temporary: () => folder.at('program') };
  await requireRunnable(host, check);
  await requireRunnable({ ...host, variant: 'v9' }, check);
  await assert.rejects(requireRunnable({ ...host, os: 'windows' }, check), {
    code: 'PLATFORM_NOT_RUNNABLE',
    message: `cannot run commands for windows/${host.architecture} on ${formatPlatform(host)}: exec format error`,
  });
  assert.deepEqual(readdirSync(folder.path), []);
});
