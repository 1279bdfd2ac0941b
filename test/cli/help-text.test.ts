/** The layout of help. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandHelp, groupHelp } from '#cli/help-text.ts';

test('flags by name, values by their names, long texts wrapped into their column', () => {
  const text = commandHelp({
    usage: 'thing [OPTIONS] NAME',
    summary: 'Do it',
    names: ['thing', 'big thing'],
    examples: ['slipway thing x   # does it to x'],
    commands: [],
    flags: [
      { name: 'quiet', char: 'q', description: 'Say nothing' },
      { name: 'format', value: 'string', description: `Print${' so'.repeat(20)}` },
    ],
    globalFlags: [{ name: 'help', description: 'Show help' }],
  });
  assert.equal(
    text,
    `Usage:  slipway thing [OPTIONS] NAME

Do it

Aliases:
  slipway thing, slipway big thing

Examples:
  slipway thing x   # does it to x

Options:
      --format string   Print so so so so so so so so so so so so so so so so so
                        so so so
  -q, --quiet           Say nothing

Global Options:
      --help   Show help
`,
  );
  assert.ok(text.split('\n').every((line) => line.length <= 80));
});

test('one name, no flags and no examples: no such sections', () => {
  const globalFlags = [{ name: 'help', description: 'Show help' }];
  const bare = { usage: 'x', summary: 'X', names: ['x'], examples: [], flags: [], globalFlags };
  assert.doesNotMatch(
    commandHelp({ ...bare, commands: [] }),
    /Aliases|Examples|Commands|\nOptions/,
  );
  const text = commandHelp({ ...bare, commands: [['x ls', 'List them']] });
  assert.match(text, /^Commands:\n {2}x ls {3}List them\n$/m);
});

test('a group of commands', () => {
  assert.equal(
    groupHelp('image', 'Images', [
      {
        heading: 'Commands',
        rows: [
          ['ls', 'List'],
          ['remove', 'Go'],
        ],
      },
    ]),
    `Usage:  slipway image COMMAND

Images

Commands:
  ls       List
  remove   Go

Run 'slipway image COMMAND --help' for more about a command.
`,
  );
});
