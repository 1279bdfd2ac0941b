/** The smallest programs: this machine's is run, the others as far as an emulator is here. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { hostPlatform } from '#core/platform.ts';
import { exitProgram } from '#runtime/foreign-program.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

/** qemu's names. */
const EMULATORS = {
  386: 'i386',
  amd64: 'x86_64',
  arm: 'arm',
  arm64: 'aarch64',
  loong64: 'loongarch64',
  mips64le: 'mips64el',
  ppc64le: 'ppc64le',
  riscv64: 'riscv64',
  s390x: 's390x',
} as const;
const own = hostPlatform(process.arch).architecture;

for (const [architecture, name] of Object.entries(EMULATORS)) {
  test(`${architecture}: a program that ends with 0`, (t) => {
    using folder = tempFolder();
    const path = folder.at('program');
    writeFileSync(path, exitProgram(architecture) ?? '', { mode: 0o755 });
    const command = architecture === own ? [path] : [`qemu-${name}-static`, path];
    const [program = '', ...args] = command;
    const { status, error } = spawnSync(program, args, { env: { PATH: process.env.PATH } });
    if (error && architecture !== own) return t.skip(`needs ${program}: ${error.message}`);
    assert.equal(status, 0);
  });
}

test('an architecture without known instructions has none', () => {
  assert.equal(exitProgram('sparc'), undefined);
  assert.equal(exitProgram('constructor'), undefined);
});
