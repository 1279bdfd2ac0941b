/** Other OCI runtimes by name and path, and their words as typed errors. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { findRuntime, OciCli } from '#runtime/oci-cli.ts';
import { contained, runAt, site } from '#test/helpers/containers.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

test('a runtime is found by its path, or by its name as a shell finds it', () => {
  using folder = tempFolder();
  for (const name of ['a', 'b']) mkdirSync(folder.at(name));
  for (const path of ['a/crun', 'b/crun']) writeFileSync(folder.at(path), '', { mode: 0o755 });
  chmodSync(folder.at('a/crun'), 0o644);
  const searchPath = `:${folder.at('none')}:${folder.at('a')}:${folder.at('b')}`;
  assert.equal(
    findRuntime('crun', searchPath),
    folder.at('b/crun'),
    'the one that can be executed',
  );
  assert.equal(findRuntime(folder.at('b/crun'), ''), folder.at('b/crun'));
  for (const name of ['nosuch', folder.at('a/crun'), folder.at('a')]) {
    assert.throws(() => findRuntime(name, searchPath), {
      code: 'USAGE',
      message: `unknown or invalid runtime name: ${name}`,
    });
  }
});

/** A runtime that logs one error as the real ones do, and fails. */
function failing(path: string, level: string, message: string, exitCode = 1): string {
  const line = JSON.stringify({ level, msg: message, time: '' });
  writeFileSync(path, `#!/bin/sh\necho '${line}' > "$4"\nexit ${exitCode}\n`, { mode: 0o755 });
  return path;
}

contained('what a runtime logs as an error becomes a typed one', async () => {
  using folder = tempFolder();
  const rows: readonly [string, string, string][] = [
    [
      'unable to start: exec: "x": executable file not found in $PATH',
      'COMMAND_NOT_FOUND',
      'exec: "x": executable file not found in $PATH',
    ],
    [
      'executable file `x` not found in $PATH: No such file',
      'COMMAND_NOT_FOUND',
      'exec: "x": executable file not found in $PATH',
    ],
    [
      'executable file `/x` not found: No such file',
      'COMMAND_NOT_FOUND',
      'exec: "/x": stat /x: no such file or directory',
    ],
    [
      'failed: exec: "/etc": permission denied',
      'COMMAND_NOT_EXECUTABLE',
      'exec: "/etc": permission denied',
    ],
    [
      'open executable: Operation not permitted',
      'COMMAND_NOT_EXECUTABLE',
      'exec: Operation not permitted',
    ],
    [
      'mount: permission denied',
      'LAUNCH_FAILED',
      `${folder.at('runtime')}: mount: permission denied`,
    ],
  ];
  for (const [said, code, message] of rows) {
    const program = failing(folder.at('runtime'), 'error', said);
    await using runtime = new OciCli({ helper: HELPER_PROGRAM, program });
    await assert.rejects(runAt(runtime, site(folder.at(crypto.randomUUID())), {}), {
      code,
      message,
    });
  }
  const warned = failing(folder.at('runtime'), 'warning', 'only a warning', 4);
  await using runtime = new OciCli({ helper: HELPER_PROGRAM, program: warned });
  const { exitCode } = await runAt(runtime, site(folder.at('warned')), {});
  assert.equal(exitCode, 4, 'a warning is no failure: the code is the program’s');
});
