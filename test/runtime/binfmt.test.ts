/** binfmt_misc as its files say it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { entryFor, readBinfmt } from '#runtime/binfmt.ts';
import { exitProgram } from '#runtime/foreign-program.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

/** As the kernel shows what Debian's qemu-user-static registers. */
const AARCH64 = `enabled
interpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P
flags: POF
offset 0
magic 7f454c460201010000000000000000000200b700
mask ffffffffffffff00fffffffffffffffffeffffff
`;

test('entries with their interpreter, flags and the programs they take', () => {
  using folder = tempFolder();
  const files = {
    register: '',
    status: 'enabled\n',
    'qemu-aarch64': AARCH64,
    'python3.11': 'disabled\ninterpreter /usr/bin/python3\nflags: \nextension .pyc\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(folder.at(name), text);
  const { isMounted, isEnabled, entries } = readBinfmt(folder.path);
  assert.deepEqual([isMounted, isEnabled], [true, true]);
  assert.deepEqual(
    entries.map(({ magic, ...rest }) => ({ ...rest, hasMagic: magic !== undefined })).sort(byName),
    [
      {
        name: 'python3.11',
        isEnabled: false,
        interpreter: '/usr/bin/python3',
        isFixed: false,
        hasMagic: false,
      },
      {
        name: 'qemu-aarch64',
        isEnabled: true,
        interpreter: '/usr/libexec/qemu-binfmt/aarch64-binfmt-P',
        isFixed: true,
        hasMagic: true,
      },
    ],
  );
  const taken = ['arm64', 'amd64', 'riscv64', 's390x'].map(
    (architecture) => entryFor(exitProgram(architecture) ?? Buffer.alloc(0), entries)?.name,
  );
  assert.deepEqual(taken, ['qemu-aarch64', undefined, undefined, undefined]);
});

test('a folder that is not there: not mounted', () => {
  using folder = tempFolder();
  assert.deepEqual(readBinfmt(folder.at('none')), {
    isMounted: false,
    isEnabled: false,
    entries: [],
  });
});

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
