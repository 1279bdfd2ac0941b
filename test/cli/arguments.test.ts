/** Command lines as docker's parser reads them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandLine, parseArguments } from '#cli/arguments.ts';
import { type ArgumentTable, type FlagTable, list, text, toggle } from '#cli/flags.ts';
import { isSlipwayError } from '#core/errors.ts';

const LINE = {
  flags: {
    file: text({ char: 'f', description: '', helpValue: 'file' }),
    interactive: toggle({ char: 'i', description: '' }),
    progress: text({ description: '', helpValue: 's', options: ['auto', 'plain'] }),
    pull: text({ description: '', helpValue: 's', bare: 'always' }),
    quiet: toggle({ char: 'q', description: '' }),
    tag: list({ char: 't', description: '', helpValue: 'name' }),
  },
  args: {
    image: { description: '', required: true },
    rest: { description: '', required: false, multiple: true },
  },
} as const;

const NOTHING = {
  file: undefined,
  interactive: false,
  progress: undefined,
  pull: undefined,
  quiet: false,
  tag: [],
};

const ACCEPTED: readonly {
  readonly fact: string;
  readonly argv: readonly string[];
  readonly flags?: object;
  readonly image?: string;
  readonly rest?: readonly string[];
}[] = [
  { fact: 'no flags', argv: ['a'] },
  { fact: 'a long flag with a word', argv: ['--file', 'F', 'a'], flags: { file: 'F' } },
  { fact: 'a long flag with =', argv: ['--file=F=1', 'a'], flags: { file: 'F=1' } },
  { fact: 'an empty value', argv: ['--file=', 'a'], flags: { file: '' } },
  { fact: 'a short flag with a word', argv: ['-f', 'F', 'a'], flags: { file: 'F' } },
  { fact: 'a short flag with its value', argv: ['-fF', 'a'], flags: { file: 'F' } },
  { fact: 'a short flag with =', argv: ['-f=F', 'a'], flags: { file: 'F' } },
  { fact: 'a value that looks like a flag', argv: ['-f', '-q', 'a'], flags: { file: '-q' } },
  { fact: 'the last value wins', argv: ['-f1', '-f2', 'a'], flags: { file: '2' } },
  { fact: 'a list gathers', argv: ['-t1', '--tag', '2', 'a'], flags: { tag: ['1', '2'] } },
  {
    fact: 'a flag that may have a value, without',
    argv: ['--pull', 'a'],
    flags: { pull: 'always' },
  },
  { fact: 'a flag that may have a value, with', argv: ['--pull=x', 'a'], flags: { pull: 'x' } },
  { fact: 'toggles together', argv: ['-qi', 'a'], flags: { quiet: true, interactive: true } },
  { fact: 'toggles before a value', argv: ['-qfF', 'a'], flags: { quiet: true, file: 'F' } },
  { fact: 'a toggle switched off', argv: ['-q', '--quiet=false', 'a'] },
  { fact: 'flags after the argument', argv: ['a', '-q'], flags: { quiet: true } },
  { fact: 'after -- nothing is a flag', argv: ['--', 'a', '-q'], rest: ['-q'] },
  { fact: 'a dash alone is an argument', argv: ['-'], image: '-' },
  { fact: 'what is left goes to the last argument', argv: ['a', 'b', 'c'], rest: ['b', 'c'] },
];

for (const { fact, argv, flags = {}, image, rest = [] } of ACCEPTED) {
  test(fact, () => {
    assert.deepEqual(parseArguments(argv, LINE, 'slipway x'), {
      flags: { ...NOTHING, ...flags },
      args: { image: image ?? 'a', rest },
    });
  });
}

test('with flags first, everything from the image on belongs to the container', () => {
  const { flags, args } = parseArguments(
    ['-q', 'a', '-q', '--', '-x'],
    { ...LINE, flagsFirst: true },
    'slipway run',
  );
  assert.equal(flags.quiet, true);
  assert.deepEqual(args, { image: 'a', rest: ['-q', '--', '-x'] });
});

const REFUSED: readonly (readonly [argv: readonly string[], message: string])[] = [
  [['--nosuch'], 'unknown flag: --nosuch'],
  [['--nosuch=1'], 'unknown flag: --nosuch'],
  [['--constructor'], 'unknown flag: --constructor'],
  [['-qx'], "unknown shorthand flag: 'x' in -qx"],
  [['--file'], 'flag needs an argument: --file'],
  [['-qf'], "flag needs an argument: 'f' in -qf"],
  [['--quiet=2', 'a'], 'invalid argument "2" for "--quiet" flag: must be true or false'],
  [
    ['--progress=tty', 'a'],
    'invalid argument "tty" for "--progress" flag: must be one of: auto, plain',
  ],
  [[], '"slipway x" requires at least 1 argument.'],
];

for (const [argv, message] of REFUSED) {
  test(`refused: ${message}`, () => {
    assert.throws(
      () => parseArguments(argv, LINE, 'slipway x'),
      (error) => isSlipwayError(error, 'USAGE') && error.message === message,
    );
  });
}

const argument = (required: boolean) => ({ description: '', required });
const ARITIES: readonly (readonly [args: ArgumentTable, argv: string[], expected: string])[] = [
  [{}, ['a'], 'no arguments'],
  [{ one: argument(true) }, [], 'exactly 1 argument'],
  [{ one: argument(true), two: argument(true) }, ['a'], 'exactly 2 arguments'],
  [{ one: argument(false) }, ['a', 'b'], 'at most 1 argument'],
  [{ one: argument(true), two: argument(false) }, [], 'at least 1 argument'],
  [{ one: argument(true), two: argument(false) }, ['a', 'b', 'c'], 'at most 2 arguments'],
];

for (const [args, argv, expected] of ARITIES) {
  test(`a wrong number of arguments: requires ${expected}`, () => {
    const line: CommandLine<FlagTable, ArgumentTable> = { flags: {}, args };
    assert.throws(
      () => parseArguments(argv, line, 'slipway x'),
      (error) =>
        isSlipwayError(error, 'USAGE') && error.message === `"slipway x" requires ${expected}.`,
    );
  });
}
