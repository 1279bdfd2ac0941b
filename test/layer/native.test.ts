/** The helper as a process: what it says on stderr becomes errors, and a missing one is named. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { isSlipwayError } from '#core/errors.ts';
import { NativeHelper } from '#layer/native.ts';
import { HELPER_PROGRAM, nativeHelper } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

/** A program that answers as told. */
function fakeHelper(path: string, script: string): NativeHelper {
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return new NativeHelper(path);
}

test('a program that is not there is HELPER_MISSING', async () => {
  const helper = new NativeHelper('/no/such/slipway-native');
  await assert.rejects(helper.scan({ root: '/' }), (error) =>
    isSlipwayError(error, 'HELPER_MISSING'),
  );
});

const REPORTS = [
  { errno: 28, code: 'DISK_FULL', message: 'write "a/b": no space left on device' },
  { errno: 122, code: 'DISK_FULL', message: 'write "a/b": disk quota exceeded' },
  { errno: 13, code: 'PERMISSION', message: 'write "a/b": permission denied' },
  { errno: 2, code: 'FILE_MISSING', message: 'write "a/b": no such file or directory' },
  { errno: 5, code: 'HELPER_FAILED', message: 'write "a/b": EIO' },
] as const;

for (const { errno, code, message } of REPORTS) {
  test(`errno ${errno} is ${code} with the call and the path`, async () => {
    using folder = tempFolder();
    const line = { kind: 'system', call: 'write', errno, message: 'said by libc', path: 'a/b' };
    const helper = fakeHelper(folder.at('helper'), `echo '${JSON.stringify(line)}' >&2; exit 1`);
    await assert.rejects(helper.scan({ root: '/' }), (error) => {
      assert.ok(isSlipwayError(error, code), String(error));
      assert.equal(error.message, message);
      assert.equal(error.detail.call, 'write');
      return true;
    });
  });
}

test('a crash and an answer that makes no sense are HELPER_FAILED or say what is wrong', async () => {
  using folder = tempFolder();
  const crash = fakeHelper(folder.at('crash'), 'echo "some text" >&2; kill -SEGV $$');
  await assert.rejects(crash.scan({ root: '/' }), (error) => {
    assert.ok(isSlipwayError(error, 'HELPER_FAILED'));
    assert.match(error.message, /slipway-native scan ended with signal SIGSEGV/);
    return true;
  });
  const cut = fakeHelper(folder.at('cut'), 'printf "\\130\\0\\0\\0"');
  await assert.rejects(cut.scan({ root: '/' }), (error) => isSlipwayError(error, 'HELPER_FAILED'));
  const text = fakeHelper(folder.at('text'), 'echo hello');
  const options = { folder: '/', overlay: false, output: '/none' };
  await assert.rejects(text.pack(options), (error) => isSlipwayError(error, 'JSON_INVALID'));
});

test('an abort ends the process and gives its reason', async () => {
  using folder = tempFolder();
  const helper = fakeHelper(folder.at('slow'), 'exec sleep 60');
  const controller = new AbortController();
  const reason = new Error('stop');
  const scan = helper.scan({ root: '/', signal: controller.signal });
  setImmediate(() => controller.abort(reason));
  await assert.rejects(scan, (error) => error === reason);
});

test('paths in reports keep their bytes', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  using folder = tempFolder();
  mkdirSync(folder.at('tree'));
  writeFileSync(Buffer.from(`${folder.at('tree')}/.wh.\xff\n"`, 'latin1'), '');
  const options = { folder: folder.at('tree'), overlay: false, output: folder.at('out') };
  await assert.rejects(helper.pack(options), (error) => {
    assert.ok(isSlipwayError(error, 'ENTRY_REFUSED'));
    assert.equal(error.detail.path, JSON.stringify('.wh.\ufffd\n"'));
    return true;
  });
});

test('unknown options, missing values and missing options end with status 2 and a report', (t) => {
  if (nativeHelper(t) === undefined) return;
  const cases = [
    ['pack', '--what'],
    ['pack', '--folder'],
    ['pack', '--folder', '/'],
    ['pack', '--folder', '/', '--output', '/none', '--source-date-epoch', '12x'],
    ['unpack', '--tar', '/'],
    ['scan', 'root'],
  ];
  for (const args of cases) {
    const { status, stderr } = spawnSync(HELPER_PROGRAM, args);
    assert.equal(status, 2, args.join(' '));
    assert.equal(JSON.parse(stderr.toString()).kind, 'usage', args.join(' '));
  }
});
