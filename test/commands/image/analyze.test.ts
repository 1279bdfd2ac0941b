/** `image analyze`: text, document, and a threshold for CI. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import type { ImageAnalysis } from '#core/image-files.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const ANALYSIS: ImageAnalysis = {
  imageId: digestOf(Buffer.from('image')),
  layers: [],
  totalBytes: 1000,
  wastedBytes: 51,
  efficiency: 0.949,
  wasted: [],
};

const run = (...argv: readonly string[]) =>
  runCommand(['image', 'analyze', ...argv, 'app'], {
    engine: fakeEngine({ analyze: async () => ANALYSIS }),
  });

test('text and document', async () => {
  const { exitCode, stdout } = await run();
  assert.equal(exitCode, 0);
  assert.match(stdout, /\nTotal: {7}1kB\nWasted: {6}51B\nEfficiency: {2}94\.9%\n$/);
  assert.equal(JSON.parse((await run('--format', 'json')).stdout).WastedBytes, 51);
});

test('under the threshold: exit code 1, and why', async () => {
  assert.equal((await run('--fail-under', '94.9')).exitCode, 0);
  const { exitCode, stdout, stderr } = await run('--fail-under', '95%');
  assert.equal(exitCode, 1);
  assert.match(stdout, /Efficiency/);
  assert.equal(stderr, 'ERROR: the efficiency is 94.9%, under 95%\n');
});

test('no percentage, no number', async () => {
  for (const argv of [
    ['--fail-under', '101%'],
    ['--fail-under', 'x'],
    ['--top', '-1'],
  ]) {
    const { exitCode, stderr } = await run(...argv);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^invalid argument/);
  }
});
