/** The end of the helper, as seen by a program that has nothing else to do. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { FRAME_PROTOCOL } from '#runtime/frames.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const MODULE = new URL('../../src/runtime/resident-helper.ts', import.meta.url).href;

test('closing it is waited for, though its stderr outlives it', () => {
  using folder = tempFolder();
  const helper = folder.at('helper');
  // Says hello, waits for the end of its socket, and leaves somebody who holds its stderr.
  writeFileSync(
    helper,
    `#!/bin/sh
printf '\\006\\000\\000\\000\\020\\000\\000\\000\\000\\00${FRAME_PROTOCOL}' >&3
cat <&3 >/dev/null
sleep 0.5 3>&- &
`,
    { mode: 0o755 },
  );
  const code = `import { ResidentHelper } from '${MODULE}';
    const helper = await ResidentHelper.start('${helper}', () => {});
    await helper[Symbol.asyncDispose]();
    console.log('closed');`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
    encoding: 'utf8',
  });
  assert.equal(stdout, 'closed\n', stderr);
});
