/** The command line as a whole: what is no command, and what was probably meant. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const CASES: readonly (readonly [line: string, meant: string | undefined])[] = [
  ['biuld .', 'build'],
  ['imags', 'images'],
  ['registry serv', 'registry serve'],
  ['hlep', 'help'],
  ['nosuchthing', undefined],
];

for (const [line, meant] of CASES) {
  test(`slipway ${line}: ${meant ?? 'nothing like it'}`, async () => {
    const { exitCode, stdout, stderr } = await runCommand(line.split(' '));
    const word = line.startsWith('registry') ? line : line.split(' ')[0];
    const hint = meant === undefined ? '' : `Did you mean 'slipway ${meant}'?\n`;
    assert.deepEqual(
      { exitCode, stdout, stderr },
      {
        exitCode: 1,
        stdout: '',
        stderr: `slipway: '${word}' is not a slipway command.\n${hint}See 'slipway --help'\n`,
      },
    );
  });
}

test('an unknown flag is named; nothing is guessed', async () => {
  const { exitCode, stderr } = await runCommand(['--nosuch', 'images']);
  assert.deepEqual([exitCode, stderr], [1, "unknown flag: --nosuch\nSee 'slipway --help'\n"]);
});

test('stdin is opened by who reads it, and by nobody else', async () => {
  let opened = 0;
  const onStdin = () => {
    opened += 1;
  };
  await runCommand(['version'], { onStdin });
  await runCommand(['build', '.'], { onStdin, engine: fakeEngine({}) });
  assert.equal(opened, 0);
  await runCommand(['login', '--password-stdin', '-u', 'me'], { onStdin, input: '' });
  assert.ok(opened > 0);
});
