/**
 * `slipway-native run`: exit codes, status lines and stdio as a shell sees them, and the launcher's
 * inherit mode on top, in a process of its own.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { writeBundle } from '#runtime/bundle.ts';
import { type LaunchReport, parseStatusLine, type StatusLine } from '#runtime/launch-error.ts';
import { containerSpec } from '#runtime/spec.ts';
import { CONTAINER_ID, contained, site } from '#test/helpers/containers.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

async function bundleFor(path: string, args: readonly string[]): Promise<string> {
  const place = site(path);
  const spec = containerSpec({
    args,
    env: ['PATH=/'],
    cwd: '/',
    user: { uid: 0, gid: 0 },
    hostname: 'boat',
    network: 'host',
  });
  writeBundle(place.bundle, spec, place.rootfs);
  return place.bundle;
}

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly lines: readonly StatusLine[];
}

async function runNative(args: readonly string[], input = ''): Promise<Outcome> {
  using folder = tempFolder();
  const bundle = await bundleFor(folder.path, args);
  const ran = spawnSync(
    HELPER_PROGRAM,
    ['run', '--bundle', bundle, '--status-fd', '3', CONTAINER_ID],
    {
      input,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    },
  );
  const lines = String(ran.output[3])
    .trim()
    .split('\n')
    .map((line) => parseStatusLine(line));
  return { status: ran.status, stdout: ran.stdout, stderr: ran.stderr, lines };
}

const kinds = (lines: readonly StatusLine[]): readonly string[] =>
  lines.map(({ status }) => status);

contained('stdin, stdout, stderr and the exit code are the container’s', async () => {
  const { status, stdout, stderr, lines } = await runNative(
    ['/init', 'all', 'cat', ',', 'errecho', 'aside', ',', 'exit', '3'],
    'through stdin',
  );
  assert.deepEqual(
    { status, stdout, stderr },
    { status: 3, stdout: 'through stdin', stderr: 'aside\n' },
  );
  assert.deepEqual(kinds(lines), ['created', 'started', 'exited']);
  assert.deepEqual(lines.at(-1), { status: 'exited', exitCode: 3 });
});

contained('127 and 126: created, then an error line; stderr stays the container’s', async () => {
  for (const [program, code] of [
    ['/nope', 127],
    ['/etc', 126],
  ] as const) {
    const { status, stderr, lines } = await runNative([program]);
    assert.deepEqual({ status, stderr }, { status: code, stderr: '' });
    assert.deepEqual(kinds(lines), ['created', 'error']);
  }
});

contained('125 for a bundle that is none; without a status descriptor stderr says why', () => {
  const { status, stderr } = spawnSync(
    HELPER_PROGRAM,
    ['run', '--bundle', '/nonexistent', CONTAINER_ID],
    {
      encoding: 'utf8',
    },
  );
  assert.equal(status, 125);
  assert.match(stderr, /bundle \/nonexistent: No such file or directory/);
  const usage = spawnSync(HELPER_PROGRAM, ['run'], { encoding: 'utf8' });
  assert.equal(usage.status, 125);
  assert.match(usage.stderr, /give one container ID/);
  return Promise.resolve();
});

contained('a report about a missing lower names it', async () => {
  using folder = tempFolder();
  const bundle = await bundleFor(folder.path, ['/init']);
  const lowers = [{ kind: 'folder', path: folder.at('gone') }];
  const overlay = { upper: folder.at('upper'), work: folder.at('work'), userXattr: false };
  writeFileSync(`${bundle}/rootfs.json`, JSON.stringify({ lowers, overlay }));
  const ran = spawnSync(
    HELPER_PROGRAM,
    ['run', '--bundle', bundle, '--status-fd', '3', CONTAINER_ID],
    {
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    },
  );
  const line = parseStatusLine(String(ran.output[3]));
  const { stage, call, errno, path } = line as LaunchReport;
  assert.deepEqual(
    { code: ran.status, stage, call, errno, path },
    { code: 125, stage: 'rootfs', call: 'open', errno: 'ENOENT', path: folder.at('gone') },
  );
});

contained('SIGTERM and SIGINT reach the program, which decides', async () => {
  for (const [signal, exitCode] of [
    ['SIGTERM', 42],
    ['SIGINT', 43],
  ] as const) {
    using folder = tempFolder();
    const bundle = await bundleFor(folder.path, ['/init', 'trap', '1000']);
    const child = spawn(HELPER_PROGRAM, ['run', '--bundle', bundle, CONTAINER_ID], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const code = new Promise((resolve) => child.once('close', resolve));
    child.stdout.once('data', () => child.kill(signal));
    assert.equal(await code, exitCode);
  }
});

contained(
  'the launcher’s inherit mode: stdio is the caller’s, Ctrl-C is the container’s',
  async () => {
    using folder = tempFolder();
    const bundle = await bundleFor(folder.path, ['/init', 'trap', '1000']);
    const file = folder.at('caller.ts');
    writeFileSync(
      file,
      `import { Launcher } from ${JSON.stringify(import.meta.resolve('#runtime/launcher.ts'))};
     await using launcher = new Launcher({ helper: ${JSON.stringify(HELPER_PROGRAM)} });
     const { exitCode } = await launcher.run({
       id: 'x', bundle: ${JSON.stringify(bundle)}, stdio: { kind: 'inherit', hasInput: true },
     });
     console.log('exit', exitCode);`,
    );
    const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (chunk: string) => {
      if (text === '') child.kill('SIGINT');
      text += chunk;
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.deepEqual({ code, text }, { code: 0, text: 'ready\nexit 43\n' });
  },
);

contained('aborting a foreground container kills it before the promise rejects', async () => {
  using folder = tempFolder();
  const bundle = await bundleFor(folder.path, ['/init', 'sleep', '1000']);
  const file = folder.at('caller.ts');
  writeFileSync(
    file,
    `import { Launcher } from ${JSON.stringify(import.meta.resolve('#runtime/launcher.ts'))};
     await using launcher = new Launcher({ helper: ${JSON.stringify(HELPER_PROGRAM)} });
     const stop = new AbortController();
     process.on('SIGUSR2', () => stop.abort());
     const error = await launcher.run({
       id: 'x', bundle: ${JSON.stringify(bundle)}, stdio: { kind: 'inherit', hasInput: true }, signal: stop.signal,
     }).catch((reason) => reason);
     console.log(error.code);`,
  );
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    if (text === '') child.kill('SIGUSR2');
    text += chunk;
  });
  await new Promise((resolve) => child.once('close', resolve));
  assert.equal(text, 'ready\nCANCELLED\n');
});
