/** The end of the process: it comes at once, and yet all that was written has arrived. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

const RUN_PROCESS = new URL('../../src/cli/run-process.ts', import.meta.url).href;

/** More than a pipe holds. */
const LONG = 1 << 20;

function start(script: string) {
  const code = `const { runProcess } = await import('${RUN_PROCESS}');\n${script}`;
  return spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

test('what a slow reader has not taken yet is waited for', async () => {
  const child = start(
    `process.stdout.write('x'.repeat(${LONG}));\nprocess.stderr.write('y'.repeat(${LONG}));\nawait runProcess(['nonsense']);`,
  );
  // By the time of the first bytes the writer is full.
  await Promise.all([once(child.stdout, 'readable'), once(child.stderr, 'readable')]);
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  assert.equal(stdout, 'x'.repeat(LONG));
  assert.equal(stderr.slice(0, LONG), 'y'.repeat(LONG));
  assert.match(stderr.slice(LONG), /'nonsense' is not a slipway command/);
  assert.equal(exitCode, 1);
});

test('nothing that is still open keeps the process', async () => {
  const child = start('setInterval(() => {}, 1e6);\nawait runProcess(["--version"]);');
  const [stdout, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  assert.match(stdout, /^Slipway version /);
  assert.equal(exitCode, 0);
});

test('a reader that left is no reason to stay', async () => {
  const child = start(
    `process.stdout.write('x'.repeat(${LONG}));\nawait runProcess(["--version"]);`,
  );
  child.stdout.destroy();
  const [exitCode, signal] = await once(child, 'close');
  assert.equal(signal, null);
  assert.equal(typeof exitCode, 'number');
});

test('a command that waits for what cannot come has failed', async () => {
  const child = start(
    `Object.defineProperty(process.stdout, 'writableLength', { value: 1 });
process.stdout.write = () => true;
void runProcess(["--version"]);`,
  );
  const [stderr, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  assert.match(stderr, /^ERROR: internal error: the command waits/);
  assert.equal(exitCode, 1);
});
