/** --chmod against what chmod(1) does. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { octalMode, parseMode } from '#build/chmod.ts';

const modes = [
  '755',
  '0644',
  '4755',
  'u+x',
  '+x',
  'go-w',
  'a=rX',
  'u=rwX,go=rX',
  'g=u',
  'o-rwx,u+s',
  '+t',
  'u=rw,g=r,o=',
];
const starts = [0o644, 0o600, 0o755, 0o4750, 0o777];

test('the same bits as chmod(1), whatever the mode before', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-chmod-'));
  try {
    const file = join(folder, 'f');
    writeFileSync(file, '');
    for (const start of starts) {
      for (const mode of modes) {
        chmodSync(file, start);
        execFileSync('sh', ['-c', 'umask 0; chmod -- "$1" "$2"', 'sh', mode, file]);
        const expected = statSync(file).mode & 0o7777;
        assert.equal(
          parseMode(mode)(start, false).toString(8),
          expected.toString(8),
          `${start.toString(8)} ${mode}`,
        );
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('X gives execute to folders', () => assert.equal(parseMode('a+X')(0o600, true), 0o711));

for (const text of ['', '8', '99999', 'u~x', 'rwx', 'u+q']) {
  test(`refused: "${text}"`, () => assert.throws(() => parseMode(text), /invalid chmod parameter/));
}

test('a mode that is meant as a number fails in docker’s words', () =>
  assert.throws(() => parseMode('99'), {
    message: "invalid chmod parameter: '99'. it should be octal string and between 0 and 07777",
  }));

test('only numbers are octal modes', () => {
  assert.deepEqual(['0', '4755', '77777', 'u+x'].map(octalMode), [0, 0o4755, undefined, undefined]);
});
