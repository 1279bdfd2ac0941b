/** Options of command lines as getopt reads them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  countOptions,
  hasOption,
  operandsOf,
  optionValue,
  programName,
  subcommand,
} from '#dockerfile/lint/command-options.ts';
import { readShell, type ShellCommand } from '#dockerfile/lint/shell-words.ts';

function command(text: string): ShellCommand {
  const [first] = readShell(text, (start, end) => ({ start, end })).commands;
  assert.ok(first);
  return first;
}

test('short options may stand together, long ones have a value', () => {
  const tool = command('tool -qy --long --key=value -q - -- x');
  assert.ok(hasOption(tool, 'y') && hasOption(tool, 'nothing', 'long') && hasOption(tool, 'key'));
  assert.ok(!hasOption(tool, 'l') && !hasOption(tool, 'value') && !hasOption(tool, 'x'));
  assert.equal(countOptions(tool, 'q'), 2);
});

test('a value is found wherever it is written', () => {
  for (const text of ['x -u 5', 'x -u5', 'x --uid 5', 'x --uid=5', 'x y -u 5 z']) {
    assert.equal(optionValue(command(text), 'u', 'uid'), '5', text);
  }
  assert.equal(optionValue(command('x --uidx=5'), 'uid'), undefined);
  assert.equal(optionValue(command('x -u'), 'u'), undefined);
});

test('operands are what is no option and no value', () => {
  const operands = (text: string) =>
    operandsOf(command(text), ['t', 'target']).map((word) => word.text);
  assert.deepEqual(operands('x a -t b c --target d -yt e --target=f g -y h'), ['a', 'c', 'g', 'h']);
  assert.deepEqual(operands('x a -- -b -t c'), ['a', '-b', '-t', 'c']);
});

test('programs by their last name, subcommands by theirs', () => {
  assert.equal(programName(command('/usr/bin/pip3 x')), 'pip3');
  assert.equal(programName(command('pip')), 'pip');
  assert.equal(subcommand(command('apk --q add x'), 'apk', 'add')?.text, 'add');
  assert.equal(subcommand(command('apk del add2'), 'apk', 'add'), undefined);
  assert.equal(subcommand(command('apk2 add'), 'apk', 'add'), undefined);
});
