/** Errors as people see them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorText, outputError } from '#cli/report-error.ts';
import { SlipwayError } from '#core/errors.ts';

const CONTEXT = { debug: false, prefix: '', command: 'slipway tag', usage: 'slipway tag A B' };

test('the message, the innermost cause, the fix', () => {
  const cause = new Error('outer', { cause: new Error('connect ECONNREFUSED\nmore') });
  const error = new SlipwayError('REGISTRY_UNREACHABLE', 'cannot reach reg.test', {
    cause,
    hint: 'is it running?',
  });
  assert.equal(
    errorText(error, CONTEXT),
    'ERROR: cannot reach reg.test\n  cause: connect ECONNREFUSED\n  fix: is it running?\n',
  );
});

test('a cause that the first line already says is not repeated', () => {
  const error = new SlipwayError('FILE_MISSING', 'open x: no such file', {
    cause: new Error('no such file'),
  });
  assert.equal(errorText(error, CONTEXT), 'ERROR: open x: no such file\n');
});

test('words in front of the message', () => {
  const error = new SlipwayError('TARGET_UNKNOWN', 'no stage');
  assert.equal(
    errorText(error, { ...CONTEXT, prefix: 'failed to build: ' }),
    'ERROR: failed to build: no stage\n',
  );
});

test('an error of usage shows where help is', () => {
  assert.equal(
    errorText(new SlipwayError('USAGE', 'unknown flag: --x'), CONTEXT),
    "unknown flag: --x\nSee 'slipway tag --help'.\n\nUsage:  slipway tag A B\n",
  );
});

test('a bug says so, without a stack', () => {
  const text = errorText(new TypeError('boom'), CONTEXT);
  assert.match(text, /^ERROR: internal error: boom\n {2}fix: this is a bug in Slipway/);
  assert.doesNotMatch(text, /at .*report-error/);
});

test('what the operating system refused is no bug', () => {
  const refused = (code: string, message: string): Error =>
    Object.assign(new Error(message), { code, syscall: 'write' });
  assert.equal(
    errorText(refused('EACCES', 'EACCES: permission denied, open x'), CONTEXT),
    'ERROR: EACCES: permission denied, open x\n',
  );
});

test('a full disk behind stdout says so; other refusals keep their words', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
    code: 'ENOSPC',
  });
  assert.equal(
    errorText(outputError(full), CONTEXT),
    'ERROR: write /dev/stdout: no space left on device\n  cause: ENOSPC: no space left on device, write\n  fix: free space where the output goes, and run the command again\n',
  );
  const other = new Error('EIO: i/o error, write');
  assert.equal(outputError(other), other);
});

test('with --debug the stacks of the whole chain follow', () => {
  const error = new SlipwayError('INTERNAL', 'outer', { cause: new Error('inner') });
  const text = errorText(error, { ...CONTEXT, debug: true });
  assert.match(text, /outer\n {4}at [\s\S]*caused by:\nError: inner\n {4}at /);
});

test('when cleaning up fails, too, the first failure is told; --debug has both', () => {
  const first = new SlipwayError('DISK_FAILED', '/x: input/output error', { hint: 'look at it' });
  const error = new SuppressedError(new Error('unlink /y: gone'), first);
  const said = 'ERROR: /x: input/output error\n  fix: look at it\n';
  assert.equal(errorText(error, CONTEXT), said);
  const text = errorText(error, { ...CONTEXT, debug: true });
  assert.match(text, /input\/output error\n {4}at [\s\S]*while cleaning up:\n+Error: unlink/);
});
