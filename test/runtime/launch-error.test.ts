/** Reports of the launcher as typed errors in docker's words. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { getSystemErrorMap } from 'node:util';
import { launchError, parseStatusLine } from '#runtime/launch-error.ts';

function errorOf(fields: Record<string, unknown>): unknown {
  const line = parseStatusLine(
    JSON.stringify({
      status: 'error',
      exitCode: 125,
      errno: 2,
      reason: getSystemErrorMap().get(-Number(fields.errno ?? 2))?.[1] ?? '',
      stage: 'exec',
      call: 'execve',
      path: '/x',
      hint: '',
      ...fields,
    }),
  );
  assert.equal(line.status, 'error');
  return line.status === 'error' ? launchError(line) : undefined;
}

test('each kind of report has its code and its words', () => {
  const cases: readonly [Record<string, unknown>, string, RegExp][] = [
    [
      { exitCode: 127, path: 'x' },
      'COMMAND_NOT_FOUND',
      /^exec: "x": executable file not found in \$PATH$/,
    ],
    [{ exitCode: 127 }, 'COMMAND_NOT_FOUND', /^exec: "\/x": stat \/x: no such file or directory$/],
    [{ exitCode: 127, hint: 'h' }, 'COMMAND_NOT_FOUND', /^exec \/x: no such file or directory$/],
    [{ exitCode: 126, errno: 13 }, 'COMMAND_NOT_EXECUTABLE', /^exec: "\/x": permission denied$/],
    [{ exitCode: 126, errno: 21 }, 'COMMAND_NOT_EXECUTABLE', /^exec: "\/x": is a directory$/],
    [{ exitCode: 126, errno: 8 }, 'COMMAND_NOT_EXECUTABLE', /^exec \/x: exec format error$/],
    [
      { stage: 'spec', call: 'check', errno: 95, path: '/linux/resources' },
      'SPEC_UNSUPPORTED',
      /^config\.json: \/linux\/resources is not supported$/,
    ],
    [
      { stage: 'spec', call: 'check', errno: 22, path: '/process/args' },
      'LAUNCH_FAILED',
      /spec: check \/process\/args: invalid argument$/,
    ],
    [
      { stage: 'cwd', call: 'chdir' },
      'LAUNCH_FAILED',
      /cwd: chdir \/x: no such file or directory$/,
    ],
  ];
  for (const [fields, code, message] of cases) {
    assert.throws(
      () => {
        throw errorOf(fields);
      },
      { code, message },
    );
  }
});

test('stage, call, errno and path are facts in detail; an empty hint is none', () => {
  assert.throws(
    () => {
      throw errorOf({ stage: 'mount', call: 'fsmount', errno: 1 });
    },
    {
      hint: undefined,
      detail: { stage: 'mount', call: 'fsmount', errno: 'EPERM', path: '/x', exitCode: 125 },
    },
  );
});

test('a status of another shape is refused', () => {
  for (const text of [
    '',
    '{}',
    '{"status":"paused"}',
    '{"status":"exited"}',
    '{"status":"started"}',
  ]) {
    assert.throws(() => parseStatusLine(text), { code: 'JSON_INVALID' });
  }
});
