/**
 * Running containers through the resident helper: outcomes, output, errors, several at once.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isSlipwayError } from '#core/errors.ts';
import { NativeHelper } from '#layer/native.ts';
import { Launcher } from '#runtime/launcher.ts';
import { contained, INIT_PROGRAM, runAt, runInit, site } from '#test/helpers/containers.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

contained('exit codes are the program’s; 128 + n when a signal ends it', async () => {
  assert.equal((await runInit(['true'])).exitCode, 0);
  assert.equal((await runInit(['exit', '3'])).exitCode, 3);
  assert.equal((await runInit(['exit', '255'])).exitCode, 255);
});

contained('programs that cannot be started are typed errors', async () => {
  const start = (args: readonly string[], env: readonly string[] = ['PATH=/bin:/etc']) =>
    runInit([], { args, env });
  const missing = 'exec: "nope": executable file not found in $PATH';
  await assert.rejects(start(['nope']), { code: 'COMMAND_NOT_FOUND', message: missing });
  await assert.rejects(start(['/nope']), {
    code: 'COMMAND_NOT_FOUND',
    message: 'exec: "/nope": stat /nope: no such file or directory',
  });
  await assert.rejects(start(['']), { code: 'COMMAND_NOT_FOUND' });
  await assert.rejects(start(['/etc']), {
    code: 'COMMAND_NOT_EXECUTABLE',
    message: 'exec: "/etc": is a directory',
  });
  await assert.rejects(start(['/dev/null']), {
    code: 'COMMAND_NOT_EXECUTABLE',
    message: 'exec: "/dev/null": permission denied',
  });
});

contained(
  'PATH is searched inside the container; a file without the x bit is not the answer',
  async () => {
    using folder = tempFolder();
    await using launcher = new Launcher({ helper: HELPER_PROGRAM });
    const program = readFileSync(INIT_PROGRAM);
    const layer = folder.at('programs');
    for (const name of ['a', 'b', 'proc', 'sys', 'dev'])
      mkdirSync(`${layer}/${name}`, { recursive: true });
    writeFileSync(`${layer}/a/init`, program, { mode: 0o644 });
    writeFileSync(`${layer}/b/init`, program, { mode: 0o755 });
    writeFileSync(`${layer}/script`, '#!/no/interpreter\n', { mode: 0o755 });
    writeFileSync(`${layer}/text`, 'plain\n', { mode: 0o755 });
    const place = site(folder.path, [{ kind: 'folder', path: layer }]);
    const start = (args: readonly string[], path: string) =>
      runAt(launcher, place, { args, env: [`PATH=${path}`] });
    assert.equal((await start(['init', 'echo', 'found'], '/a:/b')).stdout, 'found\n');
    await assert.rejects(start(['init'], '/a'), { code: 'COMMAND_NOT_EXECUTABLE' });
    await assert.rejects(start(['/script'], '/'), {
      code: 'COMMAND_NOT_FOUND',
      message: 'exec /script: no such file or directory',
      hint: 'the file exists, but the interpreter or loader that it names does not',
    });
    await assert.rejects(start(['/text'], '/'), {
      code: 'COMMAND_NOT_EXECUTABLE',
      message: 'exec /text: exec format error',
    });
  },
);

contained('a working folder that is a file is a set-up error with its facts', async () => {
  await assert.rejects(runInit(['true'], { cwd: '/init' }), {
    code: 'LAUNCH_FAILED',
    detail: { stage: 'cwd', call: 'chdir', errno: 'ENOTDIR', path: '/init', exitCode: 125 },
  });
});

contained('output arrives whole and in order, a megabyte as well as a line', async () => {
  const { stdout, stderr } = await runInit([
    'all',
    'echo',
    'one',
    ',',
    'errecho',
    'two',
    ',',
    'bytes',
    '3000000',
  ]);
  assert.equal(stderr, 'two\n');
  assert.equal(stdout.slice(0, 4), 'one\n');
  const { stdout: again } = await runInit(['echo', 'a', 'b']);
  assert.equal(again, 'a b\n');
});

contained('a big output has every byte in its place', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const place = site(folder.path);
  await runAt(launcher, place, { args: ['/init', 'true'] });
  let at = 0;
  await launcher.run({
    id: 'big',
    bundle: await rewrite(place.bundle, ['/init', 'bytes', '2500000']),
    stdio: {
      kind: 'capture',
      output: (_, bytes) => {
        for (const byte of bytes) assert.equal(byte, at++ % 251);
      },
    },
  });
  assert.equal(at, 2_500_000);
});

/** Another command line in a bundle that was run before. */
async function rewrite(bundle: string, args: readonly string[]): Promise<string> {
  const spec = JSON.parse(readFileSync(`${bundle}/config.json`, 'utf8'));
  spec.process.args = args;
  writeFileSync(`${bundle}/config.json`, JSON.stringify(spec));
  return bundle;
}

contained('two containers run at once through one helper', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  for (const name of ['a', 'b']) mkdirSync(folder.at(name));
  const bothRun = Promise.withResolvers<void>();
  let ready = 0;
  const stop = new AbortController();
  const runs = ['a', 'b'].map((name) =>
    runAt(launcher, site(folder.at(name)), {
      args: ['/init', 'sleep', '1000'],
      signal: stop.signal,
      onOutput: () => ++ready === 2 && bothRun.resolve(),
    }),
  );
  await bothRun.promise;
  stop.abort();
  const outcomes = await Promise.allSettled(runs);
  assert.deepEqual(
    outcomes.map(
      (outcome) => outcome.status === 'rejected' && isSlipwayError(outcome.reason, 'CANCELLED'),
    ),
    [true, true],
  );
});

contained(
  'a folder is packed by the process that ran the containers, as by one of its own',
  async () => {
    using folder = tempFolder();
    await using launcher = new Launcher({ helper: HELPER_PROGRAM });
    const upper = folder.at('upper');
    mkdirSync(upper);
    writeFileSync(folder.at('upper', 'a'), 'content');
    const helper = new NativeHelper(HELPER_PROGRAM);
    const pack = (name: string, resident?: typeof launcher.pack) =>
      helper.pack({ folder: upper, overlay: true, output: folder.at(name) }, resident);
    const resident = (args: readonly string[]) => launcher.pack(args);
    assert.equal(await launcher.pack([]), undefined, 'nothing resides before the first container');
    const alone = await pack('alone');
    const place = site(folder.path);
    assert.equal((await runAt(launcher, place, { args: ['/init', 'true'] })).exitCode, 0);
    const together = await Promise.all(['a', 'b', 'c'].map((name) => pack(name, resident)));
    for (const packed of together) assert.deepEqual(packed, alone);
    assert.deepEqual(readFileSync(folder.at('c')), readFileSync(folder.at('alone')));
    writeFileSync(folder.at('upper', '.wh.x'), '');
    await assert.rejects(pack('refused', resident), { code: 'ENTRY_REFUSED' });
    const { exitCode, stderr } = (await launcher.pack(['--nonsense'])) ?? {};
    assert.equal(exitCode, 2);
    assert.match(String(stderr), /"kind":"usage"/);
  },
);
