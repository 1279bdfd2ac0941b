/** `version`: ours, Node's, and where the settings come from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packageVersion } from '#cli/package-root.ts';
import { runCommand } from '#test/helpers/run-command.ts';

test('the page', async () => {
  const { stdout } = await runCommand(['version', '--root', '/r']);
  const lines = stdout.split('\n');
  assert.equal(lines[0], `Slipway ${packageVersion()}`);
  assert.equal(lines[1], ` Node:      ${process.version}`);
  assert.equal(lines[3], ' Store:     /r (--root)');
});

test('a format, and the short form', async () => {
  const { stdout } = await runCommand(['version', '-f', '{{.Version}}']);
  assert.equal(stdout, `${packageVersion()}\n`);
  const short = await runCommand(['--version']);
  assert.equal(short.stdout, `Slipway version ${packageVersion()}\n`);
});
